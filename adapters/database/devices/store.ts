import type { ProjectId } from '@outrider/domain/identity'
import type { Device, DeviceQuery, DeviceStore } from '@outrider/domain/ports'
import type { Guid } from '@outrider/protocols/values'
import type { Expression, ExpressionBuilder, Insertable, Selectable, SqlBool } from 'kysely'
import type { Connection, Scope } from '../connection.ts'
import { cursor, cursorKeys, pageOf } from '../cursor.ts'
import { type DeviceRow, fromJson, type Schema } from '../schema.ts'
import { flushSeen } from './seen.ts'

const LIST = 'devices'
/** Tags one statement writes: databases bound the number of its parameters. */
const TAG_BATCH = 500

export const deviceStore = (connection: Connection): DeviceStore => ({
  get: (project, guid, signal) =>
    connection.run(signal, async ({ db }) => {
      const row = await db
        .selectFrom('device')
        .selectAll()
        .where('guid', '=', guid)
        .where('project', '=', project)
        .executeTakeFirst()
      return row && toDevice(row)
    }),

  byGuid: (guid, signal) =>
    connection.run(signal, async ({ db }) => {
      const row = await db.selectFrom('device').selectAll().where('guid', '=', guid).executeTakeFirst()
      return row && toDevice(row)
    }),

  put: (device, signal) => connection.transaction(signal, (scope) => put(scope, device)),

  delete: (project, guid, signal) =>
    connection.run(signal, async ({ db }) => {
      const done = await db
        .deleteFrom('device')
        .where('guid', '=', guid)
        .where('project', '=', project)
        .returning('guid')
        .executeTakeFirst()
      return done ? 'deleted' : 'missing'
    }),

  list: (projects, query, signal) =>
    connection.run(signal, async ({ db }) => {
      if (projects.length === 0) return []
      const rows = await db
        .selectFrom('device')
        .selectAll()
        .where((eb) => eb.and(matching(eb, projects, query)))
        .orderBy('guid')
        .limit(query.limit)
        .offset(query.skip ?? 0)
        .execute()
      return rows.map(toDevice)
    }),

  count: (projects, query, signal) =>
    connection.run(signal, async ({ db }) => {
      if (projects.length === 0) return 0
      const { count } = await db
        .selectFrom('device')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where((eb) => eb.and(matching(eb, projects, query)))
        .executeTakeFirstOrThrow()
      return Number(count)
    }),

  tags: (projects, signal) =>
    connection.run(signal, async ({ db }) => {
      if (projects.length === 0) return []
      const rows = await db
        .selectFrom('device_tag')
        .select('tag')
        .distinct()
        .where('project', 'in', projects)
        .orderBy('tag')
        .execute()
      return rows.map((row) => row.tag)
    }),

  flushSeen: (seen, signal) => flushSeen(connection, seen, signal),

  page: (project, after, limit, signal) =>
    connection.run(signal, async ({ db }) => {
      const keys = after === undefined ? undefined : cursorKeys(LIST, after, ['text'])
      const rows = await db
        .selectFrom('device')
        .selectAll()
        .where('project', '=', project)
        .$if(keys !== undefined, (q) => q.where('guid', '>', keys![0]))
        .orderBy('guid')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, toDevice, (last) => cursor(LIST, [last.guid]))
    }),
})

const put = async (scope: Scope, device: Device): Promise<'inserted' | 'updated' | 'foreign'> => {
  const { guid, project, ...columns } = toRow(device)
  const inserted = await scope.db
    .insertInto('device')
    .values({ guid, project, ...columns })
    .onConflict((c) => c.column('guid').doNothing())
    .returning('guid')
    .executeTakeFirst()
  if (inserted === undefined) {
    const updated = await scope.db
      .updateTable('device')
      .set(columns)
      .where('guid', '=', guid)
      .where('project', '=', project)
      .returning('guid')
      .executeTakeFirst()
    if (updated === undefined) return 'foreign'
    await scope.db.deleteFrom('device_tag').where('guid', '=', guid).execute()
  }
  const tags = [...new Set(device.tags)]
  for (let at = 0; at < tags.length; at += TAG_BATCH) {
    const rows = tags.slice(at, at + TAG_BATCH).map((tag) => ({ project, tag, guid }))
    await scope.db.insertInto('device_tag').values(rows).execute()
  }
  return inserted === undefined ? 'updated' : 'inserted'
}

const matching = (
  eb: ExpressionBuilder<Schema, 'device'>,
  projects: readonly ProjectId[],
  query: Omit<DeviceQuery, 'skip' | 'limit'>,
): Expression<SqlBool>[] => {
  const terms: Expression<SqlBool>[] = [eb('project', 'in', projects)]
  if (query.hostname !== undefined) terms.push(eb('hostname', '=', query.hostname))
  if (query.friendlyName !== undefined) terms.push(eb('friendly_name', '=', query.friendlyName))
  if (query.connected !== undefined) terms.push(eb('connected', '=', query.connected ? 1 : 0))
  const tagged = (tags: readonly string[], least: number): Expression<SqlBool> =>
    eb(
      'guid',
      'in',
      eb
        .selectFrom('device_tag')
        .select('device_tag.guid')
        .where('project', 'in', projects)
        .where('tag', 'in', tags)
        .groupBy('device_tag.guid')
        .having((h) => h.fn.countAll(), '>=', least),
    )
  const { any = [], all = [] } = query.tags ?? {}
  const every = [...new Set(all)]
  if (any.length > 0) terms.push(tagged(any, 1))
  if (every.length > 0) terms.push(tagged(every, every.length))
  return terms
}

const toRow = (device: Device): Insertable<DeviceRow> => ({
  guid: device.guid,
  project: device.project,
  hostname: device.hostname ?? null,
  friendly_name: device.friendlyName ?? null,
  dns_suffix: device.dnsSuffix ?? null,
  mps_username: device.mpsUsername,
  tags: JSON.stringify(device.tags),
  device_info: device.deviceInfo === undefined ? null : JSON.stringify(device.deviceInfo),
  connected: device.connected ? 1 : 0,
  mps_instance: device.mpsInstance ?? null,
  last_connected: device.lastConnected ?? null,
  last_seen: device.lastSeen ?? null,
  last_disconnected: device.lastDisconnected ?? null,
})

const toDevice = (row: Selectable<DeviceRow>): Device => ({
  guid: row.guid as Guid,
  project: row.project as ProjectId,
  ...(row.hostname === null ? {} : { hostname: row.hostname }),
  ...(row.friendly_name === null ? {} : { friendlyName: row.friendly_name }),
  ...(row.dns_suffix === null ? {} : { dnsSuffix: row.dns_suffix }),
  tags: fromJson<string[]>(row.tags),
  mpsUsername: row.mps_username,
  ...(row.device_info === null ? {} : { deviceInfo: fromJson<Record<string, unknown>>(row.device_info) }),
  connected: row.connected === 1,
  ...(row.mps_instance === null ? {} : { mpsInstance: row.mps_instance }),
  ...(row.last_connected === null ? {} : { lastConnected: row.last_connected }),
  ...(row.last_seen === null ? {} : { lastSeen: row.last_seen }),
  ...(row.last_disconnected === null ? {} : { lastDisconnected: row.last_disconnected }),
})
