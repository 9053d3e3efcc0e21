import type { ProjectId } from '@outrider/domain/identity'
import { type Operation, type OperationChange, type OperationLife, terminal } from '@outrider/domain/operations'
import type { InventoryTables, OperationQuery, Page } from '@outrider/domain/ports'
import type { Insertable, Selectable } from 'kysely'
import type { Scope } from '../connection.ts'
import { cursor, cursorKeys, pageOf } from '../cursor.ts'
import { fromJson, type OperationRow, present } from '../schema.ts'

type Row = Selectable<OperationRow>

export const operationTable = (scope: Scope): InventoryTables['operations'] => ({
  insert: async (operation) => {
    const done = await scope.db
      .insertInto('operation')
      .values(toRow(operation))
      .onConflict((c) => c.doNothing())
      .returning('id')
      .executeTakeFirst()
    if (done) return 'inserted'
    const { project, id, idempotencyKey } = operation
    const existing = await scope.db
      .selectFrom('operation')
      .selectAll()
      .where('project', '=', project)
      .where((eb) =>
        idempotencyKey === undefined
          ? eb('id', '=', id)
          : eb.or([eb('idempotency_key', '=', idempotencyKey), eb('id', '=', id)]),
      )
      .executeTakeFirstOrThrow()
    return { existing: toOperation(existing) }
  },

  get: async (project, id) => {
    const row = await find(scope, project, id, false)
    return row && toOperation(row)
  },

  update: async (project, id, epoch, change) => {
    const row = await find(scope, project, id, scope.engine.rowLocks)
    if (row === undefined) return 'missing'
    const before = toOperation(row)
    if (terminal.has(before.life)) return 'ended'
    if (before.epoch > epoch) return 'stale'
    const after = changed(before, epoch, change)
    const columns = toRow(after)
    const done = await scope.db
      .updateTable('operation')
      .set({ life: columns.life, epoch: columns.epoch, revision: columns.revision, data: columns.data })
      .where('project', '=', project)
      .where('id', '=', id)
      .where('revision', '=', before.revision)
      .returning('id')
      .executeTakeFirst()
    return done ? after : 'stale'
  },

  list: (project, query) => list(scope, project, query),
})

const find = (scope: Scope, project: ProjectId, id: string, lock: boolean): Promise<Row | undefined> =>
  scope.db
    .selectFrom('operation')
    .selectAll()
    .where('project', '=', project)
    .where('id', '=', id)
    .$if(lock, (q) => q.forUpdate())
    .executeTakeFirst()

const changed = (before: Operation, epoch: number, { addSteps = [], ...change }: OperationChange): Operation => ({
  ...before,
  ...present(change),
  epoch,
  steps: [...before.steps, ...addSteps],
  revision: before.revision + 1,
})

const list = async (scope: Scope, project: ProjectId, query: OperationQuery): Promise<Page<Operation>> => {
  const direction = query.order === 'oldest' ? 'asc' : 'desc'
  const name = `operations ${direction}`
  const after = query.after === undefined ? undefined : cursorKeys(name, query.after, ['number', 'text'])
  const select = (life: OperationLife | undefined): Promise<Row[]> =>
    scope.db
      .selectFrom('operation')
      .selectAll()
      .where('project', '=', project)
      .$if(query.hostId !== undefined, (q) => q.where('host_id', '=', query.hostId!))
      .$if(life !== undefined, (q) => q.where('life', '=', life!))
      .$if(query.kinds !== undefined, (q) => q.where('kind', 'in', query.kinds!))
      .$if(after !== undefined, (q) =>
        q.where((eb) =>
          eb(eb.refTuple('created_at', 'id'), direction === 'asc' ? '>' : '<', eb.tuple(after![0], after![1])),
        ),
      )
      .orderBy('created_at', direction)
      .orderBy('id', direction)
      .limit(query.limit + 1)
      .execute()

  if (query.kinds?.length === 0) return { items: [] }
  // One walk of the index per life, each ended by the limit, instead of sorting every row of several lives.
  const lives = query.lives === undefined ? [undefined] : [...new Set(query.lives)]
  const walks: Row[][] = []
  for (const life of lives) walks.push(await select(life))
  const rows = walks.length === 1 ? walks[0]! : walks.flat().sort(direction === 'asc' ? byAge : (a, b) => byAge(b, a))
  return pageOf(rows, query.limit, toOperation, (last) => cursor(name, [last.created_at, last.id]))
}

const byAge = (a: Row, b: Row): number => a.created_at - b.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

type Columns = 'project' | 'id' | 'hostId' | 'kind' | 'life' | 'epoch' | 'idempotencyKey' | 'createdAt' | 'revision'

const toRow = (operation: Operation): Insertable<OperationRow> => {
  const { project, id, hostId, kind, life, epoch, idempotencyKey, createdAt, revision, ...data } = operation
  return {
    project,
    id,
    host_id: hostId,
    kind,
    life,
    epoch,
    idempotency_key: idempotencyKey ?? null,
    created_at: createdAt,
    revision,
    data: JSON.stringify(data),
  }
}

const toOperation = (row: Row): Operation => ({
  ...fromJson<Omit<Operation, Columns>>(row.data),
  project: row.project as ProjectId,
  id: row.id,
  hostId: row.host_id,
  kind: row.kind as Operation['kind'],
  life: row.life as OperationLife,
  epoch: row.epoch,
  ...(row.idempotency_key === null ? {} : { idempotencyKey: row.idempotency_key }),
  createdAt: row.created_at,
  revision: row.revision,
})
