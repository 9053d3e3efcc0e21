import type { Project, ProjectId } from '@outrider/domain/identity'
import type { InventoryTables } from '@outrider/domain/ports'
import type { Scope } from '../connection.ts'
import type { ProjectRow } from '../schema.ts'

export const projectTable = (scope: Scope): InventoryTables['projects'] => ({
  list: async () => {
    const rows = await scope.db.selectFrom('project').selectAll().orderBy('name').execute()
    return rows.map(toProject)
  },

  get: async (id) => {
    const row = await scope.db.selectFrom('project').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toProject(row)
  },

  byName: async (name) => {
    const row = await scope.db.selectFrom('project').selectAll().where('name', '=', name).executeTakeFirst()
    return row && toProject(row)
  },

  insert: async ({ id, name }) => {
    const done = await scope.db
      .insertInto('project')
      .values({ id, name })
      .onConflict((c) => c.doNothing())
      .returning('id')
      .executeTakeFirst()
    return done ? 'inserted' : 'duplicate'
  },

  delete: async (id) => {
    const done = await scope.db.deleteFrom('project').where('id', '=', id).returning('id').executeTakeFirst()
    return done ? 'deleted' : 'missing'
  },
})

const toProject = (row: ProjectRow): Project => ({ id: row.id as ProjectId, name: row.name })
