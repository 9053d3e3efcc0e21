import { setImmediate } from 'node:timers/promises'
import type { DeviceSeen } from '@outrider/domain/ports'
import { sql } from 'kysely'
import type { Connection, Scope } from '../connection.ts'

/** Rows one statement writes: it stays under the 5 ms a statement may hold the event loop. */
const BATCH = 500

/**
 * Writes many presence changes in one transaction, a statement per batch; the last one of a device counts. A time
 * that is absent stays; the instance of a device that is not connected is forgotten.
 */
export const flushSeen = async (
  connection: Connection,
  seen: readonly DeviceSeen[],
  signal: AbortSignal,
): Promise<void> => {
  const rows = [...merged(seen).values()]
  if (rows.length === 0) return
  await connection.transaction(signal, async (scope) => {
    for (let at = 0; at < rows.length; at += BATCH) {
      if (at > 0) await setImmediate()
      await writeBatch(scope, rows.slice(at, at + BATCH))
    }
  })
}

const merged = (seen: readonly DeviceSeen[]): Map<string, DeviceSeen> => {
  const byGuid = new Map<string, DeviceSeen>()
  for (const one of seen) byGuid.set(one.guid, { ...byGuid.get(one.guid), ...one })
  return byGuid
}

const writeBatch = async (scope: Scope, rows: readonly DeviceSeen[]): Promise<void> => {
  const json = JSON.stringify(
    rows.map((row) => ({
      guid: row.guid,
      connected: row.connected ? 1 : 0,
      instance: row.connected ? row.mpsInstance : undefined,
      up: row.lastConnected,
      seen: row.lastSeen,
      down: row.lastDisconnected,
    })),
  )
  // One form for both engines: `->>` with a plain name, and numbers cast because it may give text.
  await sql`
    update device set
      connected = v.connected,
      mps_instance = case when v.connected = 1 then coalesce(v.instance, device.mps_instance) end,
      last_connected = coalesce(v.up, device.last_connected),
      last_seen = coalesce(v.seen, device.last_seen),
      last_disconnected = coalesce(v.down, device.last_disconnected)
    from (
      select
        value ->> 'guid' as guid,
        cast(value ->> 'connected' as bigint) as connected,
        value ->> 'instance' as instance,
        cast(value ->> 'up' as bigint) as up,
        cast(value ->> 'seen' as bigint) as seen,
        cast(value ->> 'down' as bigint) as down
      from ${scope.engine.elements(json)}
    ) as v
    where device.guid = v.guid
  `.execute(scope.db)
}
