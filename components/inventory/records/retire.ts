import type { Host } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import type { Operation } from '@outrider/domain/operations'
import type { AuditEntry, InventoryTables } from '@outrider/domain/ports'
import { faults } from '../faults.ts'
import { mayBeActivated } from '../operations/decide.ts'
import type { InventoryParts } from './deps.ts'
import type { Notifier } from './notify.ts'
import { type Requester, situationOf } from './requests.ts'
import { transact, writeHost } from './transact.ts'

interface Retired {
  readonly host: Host
  /** Queued operations that end with it, before and after. */
  readonly cancelled: readonly (readonly [Operation, Operation])[]
}

/** Ends what we know of a host, never while its firmware may hold credentials of ours. */
export const createRetire = (parts: InventoryParts, notify: Notifier) => {
  const { store, clock, agentCredentials, config } = parts

  const audit = (
    project: ProjectId,
    id: string,
    act: string,
    requester: Requester,
    outcome: AuditEntry['outcome'],
  ): AuditEntry => ({ at: clock.now(), project, ...requester, act, hostId: id, outcome })

  /** Throws `HOST_NOT_FOUND`, `HOST_STILL_PROVISIONED`, `HOST_BUSY`. Cancels what is queued. */
  const prepare = async (tables: InventoryTables, project: ProjectId, id: string): Promise<Retired> => {
    const host = await tables.hosts.get(project, { id })
    if (host === undefined) throw faults.HOST_NOT_FOUND({ host: id })
    const situation = await situationOf(tables, project, id, config.pendingPerHost)
    const running = situation.pending.find((operation) => operation.life === 'running')
    if (running !== undefined) throw faults.HOST_BUSY({ host: host.name, operation: running.id })
    if (mayBeActivated(host, situation.lastAmt)) throw faults.HOST_STILL_PROVISIONED({ host: host.name })
    const cancelled: (readonly [Operation, Operation])[] = []
    for (const operation of situation.pending) {
      const written = await tables.operations.update(project, operation.id, operation.epoch, {
        life: 'cancelled',
        endedAt: clock.now(),
      })
      // Somebody began it in this moment.
      if (typeof written === 'string') throw faults.HOST_BUSY({ host: host.name, operation: operation.id })
      cancelled.push([operation, written])
    }
    await tables.enrolments.deleteOf(project, id)
    return { host, cancelled }
  }

  const tell = ({ host, cancelled }: Retired): void => {
    for (const [before, after] of cancelled) notify.advanced(before, after, [])
    notify.hostChanged(host)
  }

  return {
    /** Safe to repeat: whatever a crash left half done is finished by the next call. */
    remove: async (project: ProjectId, id: string, requester: Requester, signal: AbortSignal): Promise<void> => {
      const retired = await transact(
        store,
        id,
        async (tables) => {
          const prepared = await prepare(tables, project, id)
          // From here on nothing new begins on it, while its credentials end.
          const host = await writeHost(tables, prepared.host, { state: 'deleted' }, clock.now())
          return { ...prepared, host }
        },
        signal,
      )
      await agentCredentials.revoke(project, id, signal)
      await store.transaction(async (tables) => {
        if ((await tables.hosts.delete(project, id)) === 'missing') return
        await tables.audit.append(audit(project, id, 'delete-host', requester, 'succeeded'))
      }, signal)
      tell(retired)
    },

    deauthorise: async (
      project: ProjectId,
      id: string,
      note: string,
      requester: Requester,
      signal: AbortSignal,
    ): Promise<void> => {
      const retired = await transact(
        store,
        id,
        async (tables) => {
          const prepared = await prepare(tables, project, id)
          const at = clock.now()
          const text = note === '' ? 'Invalidated' : `Invalidated: ${note}`
          const change = { state: 'untrusted' as const, hostStatus: { text, indicator: 'idle' as const, at } }
          const host = await writeHost(tables, prepared.host, change, at)
          await tables.audit.append(audit(project, id, 'deauthorise-host', requester, 'succeeded'))
          return { ...prepared, host }
        },
        signal,
      )
      tell(retired)
      await agentCredentials.revoke(project, id, signal)
    },
  }
}
export type Retire = ReturnType<typeof createRetire>
