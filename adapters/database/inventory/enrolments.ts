import type { ProjectId } from '@outrider/domain/identity'
import type { InventoryTables } from '@outrider/domain/ports'
import type { Scope } from '../connection.ts'

export const enrolmentTable = (scope: Scope): InventoryTables['enrolments'] => ({
  insert: async ({ tokenHash, project, hostId, expiresAt, usedAt }) => {
    await scope.db
      .insertInto('enrolment')
      .values({ token_hash: tokenHash, project, host_id: hostId, expires_at: expiresAt, used_at: usedAt ?? null })
      .execute()
  },

  use: async (tokenHash, at) => {
    const row = await scope.db
      .updateTable('enrolment')
      .set({ used_at: at })
      .where('token_hash', '=', tokenHash)
      .where('used_at', 'is', null)
      .where('expires_at', '>', at)
      .returningAll()
      .executeTakeFirst()
    return (
      row && {
        tokenHash: row.token_hash,
        project: row.project as ProjectId,
        hostId: row.host_id,
        expiresAt: row.expires_at,
        usedAt: at,
      }
    )
  },

  deleteOf: async (project, hostId) => {
    await scope.db.deleteFrom('enrolment').where('project', '=', project).where('host_id', '=', hostId).execute()
  },
})
