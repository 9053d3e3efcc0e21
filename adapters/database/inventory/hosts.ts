import type { Host, HostChange } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import type { HostKey, HostQuery, InventoryTables, Page } from '@outrider/domain/ports'
import { type Expression, type ExpressionBuilder, type Selectable, type SqlBool, sql } from 'kysely'
import type { Scope } from '../connection.ts'
import { cursor, cursorKeys, pageOf } from '../cursor.ts'
import { type HostRow, present, type Schema } from '../schema.ts'
import { toHost, toRow } from './host-row.ts'

type UniqueField = 'name' | 'serial' | 'uuid' | 'amtGuid'

const columnOf = {
  id: 'id',
  name: 'name',
  serial: 'serial',
  uuid: 'uuid',
  amtGuid: 'amt_guid',
  currentAmt: 'current_amt',
  desiredAmt: 'desired_amt',
  state: 'state',
  policy: 'policy',
} as const

const UNIQUE: readonly UniqueField[] = ['name', 'serial', 'uuid', 'amtGuid']

export const hostTable = (scope: Scope): InventoryTables['hosts'] => ({
  get: async (project, key) => {
    const row = await scope.db
      .selectFrom('host')
      .selectAll()
      .where((eb) => eb.and([eb('project', '=', project), byKey(eb, key)]))
      .executeTakeFirst()
    return row && toHost(row)
  },

  insert: async (host) => {
    const done = await scope.db
      .insertInto('host')
      .values(toRow(host))
      .onConflict((c) => c.doNothing())
      .returning('id')
      .executeTakeFirst()
    if (done) return 'inserted'
    return { duplicate: (await taken(scope, host.project, undefined, host)) ?? 'id' }
  },

  update: async (project, id, revision, change, at) => {
    const row = await scope.db
      .selectFrom('host')
      .selectAll()
      .where('project', '=', project)
      .where('id', '=', id)
      .$if(scope.engine.rowLocks, (q) => q.forUpdate())
      .executeTakeFirst()
    if (row === undefined) return 'missing'
    if (row.revision !== revision) return 'stale'
    return write(scope, toHost(row), change, at)
  },

  delete: async (project, id) => {
    const done = await scope.db
      .deleteFrom('host')
      .where('project', '=', project)
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst()
    return done ? 'deleted' : 'missing'
  },

  list: (project, query) => list(scope, project, query),

  count: async (project, where) => {
    const { count } = await scope.db
      .selectFrom('host')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where((eb) => eb.and([eb('project', '=', project), ...matching(eb, where)]))
      .executeTakeFirstOrThrow()
    return Number(count)
  },
})

const write = async (
  scope: Scope,
  before: Host,
  change: HostChange,
  at: number,
): Promise<Host | 'stale' | { readonly duplicate: UniqueField }> => {
  const after: Host = { ...before, ...present(change), updatedAt: at, revision: before.revision + 1 }
  const { project, id, ...columns } = toRow(after)
  const update = (): Promise<{ id: string } | undefined> =>
    scope.db
      .updateTable('host')
      .set(columns)
      .where('project', '=', project)
      .where('id', '=', id)
      .where('revision', '=', before.revision)
      .returning('id')
      .executeTakeFirst()

  if (UNIQUE.every((field) => after[field] === before[field])) return (await update()) ? after : 'stale'

  // A failed statement ends a transaction on some engines, and this transaction is the caller's.
  await sql`savepoint host_keys`.execute(scope.db)
  try {
    const done = await update()
    await sql`release savepoint host_keys`.execute(scope.db)
    return done ? after : 'stale'
  } catch (error) {
    await sql`rollback to savepoint host_keys`.execute(scope.db)
    await sql`release savepoint host_keys`.execute(scope.db)
    const duplicate = scope.engine.isDuplicate(error) ? await taken(scope, before.project, id, after) : undefined
    if (duplicate === undefined) throw error
    return { duplicate }
  }
}

/** The first field of `host` whose value another host of the project has. */
const taken = async (
  scope: Scope,
  project: ProjectId,
  except: string | undefined,
  host: Pick<Host, UniqueField>,
): Promise<UniqueField | undefined> => {
  for (const field of UNIQUE) {
    const value = host[field]
    if (value === undefined) continue
    const other = await scope.db
      .selectFrom('host')
      .select('id')
      .where('project', '=', project)
      .where(columnOf[field], '=', value)
      .executeTakeFirst()
    if (other !== undefined && other.id !== except) return field
  }
  return undefined
}

// The list by what it is ordered by: its column, and what a cursor holds of it.
const ORDERS = {
  createdAt: { column: 'created_at', key: 'number' },
  name: { column: 'name', key: 'text' },
  serial: { column: 'serial_order', key: 'text' },
} as const

const list = async (scope: Scope, project: ProjectId, query: HostQuery): Promise<Page<Host>> => {
  const { column, key } = ORDERS[query.orderBy ?? 'createdAt']
  const direction = query.descending ? 'desc' : 'asc'
  const name = `hosts ${column} ${direction}`
  const after = query.after === undefined ? undefined : cursorKeys(name, query.after, [key, 'text'] as const)
  const rows = await scope.db
    .selectFrom('host')
    .selectAll()
    .where((eb) => eb.and([eb('project', '=', project), ...matching(eb, query.where)]))
    .$if(after !== undefined, (q) =>
      q.where((eb) =>
        eb(eb.refTuple(column, 'id'), direction === 'asc' ? '>' : '<', eb.tuple(after![0] as string, after![1])),
      ),
    )
    .orderBy(column, direction)
    .orderBy('id', direction)
    .limit(query.limit + 1)
    .execute()
  return pageOf(rows, query.limit, toHost, (last: Selectable<HostRow>) => cursor(name, [last[column], last.id]))
}

const matching = (eb: ExpressionBuilder<Schema, 'host'>, where: HostQuery['where']): Expression<SqlBool>[] =>
  Object.entries(where ?? {}).flatMap(([field, value]) =>
    value === undefined ? [] : [eb(columnOf[field as keyof typeof columnOf], '=', value)],
  )

const byKey = (eb: ExpressionBuilder<Schema, 'host'>, key: HostKey): Expression<SqlBool> =>
  eb.and(Object.entries(key).map(([field, value]) => eb(columnOf[field as keyof typeof columnOf], '=', value)))
