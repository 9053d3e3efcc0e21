import type { ProjectId } from '@outrider/domain/identity'
import type { Catalogue } from '@outrider/domain/ports'
import type { Selectable } from 'kysely'
import type { Connection } from '../connection.ts'
import { type ConfigurationRow, fromJson } from '../schema.ts'

interface Item {
  readonly project: ProjectId
  readonly name: string
  readonly version: number
}

/** What of an item has a column of its own beside its name. */
export type Keys<T> = (item: T) => Pick<Selectable<ConfigurationRow>, 'suffix' | 'root'>

const noKeys: Keys<unknown> = () => ({ suffix: null, root: null })

/** The configurations of one kind: all kinds are rows of one table. */
export const catalogue = <T extends Item>(
  connection: Connection,
  kind: string,
  keys: Keys<T> = noKeys,
): Catalogue<T> => ({
  get: (project, name, signal) =>
    connection.run(signal, async ({ db }) => {
      const row = await db
        .selectFrom('configuration')
        .selectAll()
        .where('project', '=', project)
        .where('kind', '=', kind)
        .where('name_key', '=', nameKey(name))
        .executeTakeFirst()
      return row && toItem<T>(row)
    }),

  insert: (item, signal) =>
    connection.run(signal, async ({ db }) => {
      const { project, name, version } = item
      const done = await db
        .insertInto('configuration')
        .values({ project, kind, name, name_key: nameKey(name), version, data: toData(item), ...keys(item) })
        .onConflict((c) => c.doNothing())
        .returning('name')
        .executeTakeFirst()
      return done ? 'inserted' : 'duplicate'
    }),

  update: async (item, expected, signal) => {
    try {
      return await connection.transaction(signal, async ({ db }) => {
        const { project, name } = item
        const done = await db
          .updateTable('configuration')
          .set({ version: expected + 1, data: toData(item), ...keys(item) })
          .where('project', '=', project)
          .where('kind', '=', kind)
          .where('name_key', '=', nameKey(name))
          .where('version', '=', expected)
          .returning('name')
          .executeTakeFirst()
        if (done) return 'updated'
        const there = await db
          .selectFrom('configuration')
          .select('name')
          .where('project', '=', project)
          .where('kind', '=', kind)
          .where('name_key', '=', nameKey(name))
          .executeTakeFirst()
        return there ? 'stale' : 'missing'
      })
    } catch (error) {
      if (connection.engine.isDuplicate(error)) return 'duplicate'
      throw error
    }
  },

  delete: (project, name, signal) =>
    connection.run(signal, async ({ db }) => {
      const done = await db
        .deleteFrom('configuration')
        .where('project', '=', project)
        .where('kind', '=', kind)
        .where('name_key', '=', nameKey(name))
        .returning('name')
        .executeTakeFirst()
      return done ? 'deleted' : 'missing'
    }),

  list: (project, skip, limit, signal) =>
    connection.run(signal, async ({ db }) => {
      const rows = await db
        .selectFrom('configuration')
        .selectAll()
        .where('project', '=', project)
        .where('kind', '=', kind)
        .orderBy('name_key')
        .limit(limit)
        .offset(skip)
        .execute()
      return rows.map((row) => toItem<T>(row))
    }),

  count: (project, signal) =>
    connection.run(signal, async ({ db }) => {
      const { count } = await db
        .selectFrom('configuration')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('project', '=', project)
        .where('kind', '=', kind)
        .executeTakeFirstOrThrow()
      return Number(count)
    }),
})

/** What a name or suffix is compared by. */
export const nameKey = (name: string): string => name.toLowerCase()

const toData = (item: Item): string => {
  const { project: _project, name: _name, version: _version, ...data } = item
  return JSON.stringify(data)
}

export const toItem = <T extends Item>(row: Selectable<ConfigurationRow>): T =>
  ({
    ...fromJson<object>(row.data),
    project: row.project as ProjectId,
    name: row.name,
    version: row.version,
  }) as unknown as T
