import type { ProjectId } from '@outrider/domain/identity'
import type { Clock, ProvisioningStore, Ticket } from '@outrider/domain/ports'
import type { Insertable, Selectable } from 'kysely'
import type { Connection } from '../connection.ts'
import { fromJson, present, type TicketRow } from '../schema.ts'

const ENDED: ReadonlySet<Ticket['state']> = new Set(['succeeded', 'failed', 'revoked'])

export const ticketTable = (connection: Connection, clock: Clock): ProvisioningStore['tickets'] => ({
  insert: (ticket, signal) =>
    connection.run(signal, async ({ db }) => {
      await db.insertInto('ticket').values(toRow(ticket, clock)).execute()
    }),

  get: (project, id, signal) =>
    connection.run(signal, async ({ db }) => {
      const row = await db
        .selectFrom('ticket')
        .selectAll()
        .where('project', '=', project)
        .where('id', '=', id)
        .executeTakeFirst()
      return row && toTicket(row)
    }),

  // One statement, so that of many who present an alias one gets the row.
  take: (aliasHash, at, signal) =>
    connection.run(signal, async ({ db }) => {
      const row = await db
        .updateTable('ticket')
        .set({ state: 'running' })
        .where('alias_hash', '=', aliasHash)
        .where('state', '=', 'open')
        .where('expires_at', '>', at)
        .returningAll()
        .executeTakeFirst()
      return row && toTicket(row)
    }),

  update: (project, id, change, signal) =>
    connection.transaction(signal, async ({ db, engine }) => {
      const row = await db
        .selectFrom('ticket')
        .selectAll()
        .where('project', '=', project)
        .where('id', '=', id)
        .$if(engine.rowLocks, (q) => q.forUpdate())
        .executeTakeFirst()
      if (row === undefined) return
      const { state, ended_at, data } = toRow({ ...toTicket(row), ...present(change) }, clock)
      await db
        .updateTable('ticket')
        .set({ state, ended_at: row.ended_at ?? ended_at ?? null, data })
        .where('project', '=', project)
        .where('id', '=', id)
        .execute()
    }),

  purge: (before, signal) =>
    connection.run(signal, async ({ db }) => {
      const gone = await db
        .deleteFrom('ticket')
        .where((eb) => eb.or([eb('ended_at', '<', before), eb('expires_at', '<', before)]))
        .returning('id')
        .execute()
      return gone.length
    }),
})

const toRow = (ticket: Ticket, clock: Clock): Insertable<TicketRow> => {
  const { project, id, aliasHash, state, expiresAt, ...data } = ticket
  return {
    project,
    id,
    alias_hash: aliasHash,
    state,
    expires_at: expiresAt,
    ended_at: ENDED.has(state) ? clock.now() : null,
    data: JSON.stringify(data),
  }
}

const toTicket = (row: Selectable<TicketRow>): Ticket => ({
  ...fromJson<Omit<Ticket, 'project' | 'id' | 'aliasHash' | 'state' | 'expiresAt'>>(row.data),
  project: row.project as ProjectId,
  id: row.id,
  aliasHash: row.alias_hash,
  state: row.state as Ticket['state'],
  expiresAt: row.expires_at,
})
