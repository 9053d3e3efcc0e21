import type { ProjectId } from '@outrider/domain/identity'
import type { AuditEntry, InventoryTables } from '@outrider/domain/ports'
import type { Scope } from '../connection.ts'
import { cursor, cursorKeys, pageOf } from '../cursor.ts'
import { fromJson } from '../schema.ts'

const LIST = 'audit'

/** Append-only; lists are newest first, by the order of writing. */
export const auditTable = (scope: Scope): InventoryTables['audit'] => ({
  append: async ({ project, hostId, at, ...data }) => {
    await scope.db
      .insertInto('audit')
      .values({ project, host_id: hostId ?? null, at, data: JSON.stringify(data) })
      .execute()
  },

  list: async (project, query) => {
    const after = query.after === undefined ? undefined : cursorKeys(LIST, query.after, ['number'])
    const rows = await scope.db
      .selectFrom('audit')
      .selectAll()
      .where('project', '=', project)
      .$if(query.hostId !== undefined, (q) => q.where('host_id', '=', query.hostId!))
      .$if(after !== undefined, (q) => q.where('seq', '<', after![0]))
      .orderBy('seq', 'desc')
      .limit(query.limit + 1)
      .execute()
    return pageOf(
      rows,
      query.limit,
      (row): AuditEntry => ({
        ...fromJson<Omit<AuditEntry, 'project' | 'hostId' | 'at'>>(row.data),
        project: row.project as ProjectId,
        ...(row.host_id === null ? {} : { hostId: row.host_id }),
        at: row.at,
      }),
      (last) => cursor(LIST, [last.seq]),
    )
  },
})
