import type { Account, IssuerStore } from '@outrider/domain/ports'
import type { Insertable, Selectable } from 'kysely'
import type { Connection } from '../connection.ts'
import { type AccountRow, fromJson } from '../schema.ts'

export const accountTable = (connection: Connection): IssuerStore['accounts'] => ({
  get: (id, signal) =>
    connection.run(signal, async ({ db }) => {
      const row = await db.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst()
      return row && toAccount(row)
    }),

  byName: (name, signal) =>
    connection.run(signal, async ({ db }) => {
      const row = await db.selectFrom('account').selectAll().where('name', '=', name).executeTakeFirst()
      return row && toAccount(row)
    }),

  insert: (account, signal) =>
    connection.run(signal, async ({ db }) => {
      const done = await db
        .insertInto('account')
        .values(toRow(account))
        .onConflict((c) => c.doNothing())
        .returning('id')
        .executeTakeFirst()
      return done ? 'inserted' : 'duplicate'
    }),

  update: (id, change, signal) =>
    connection.run(signal, async ({ db }) => {
      const done = await db
        .updateTable('account')
        // `id` is there so that a change of nothing still is a statement.
        .set({
          id,
          ...(change.passwordHash === undefined ? {} : { password_hash: change.passwordHash }),
          ...(change.grants === undefined ? {} : { grants: JSON.stringify(change.grants) }),
          ...(change.failedLogins === undefined ? {} : { failed_logins: change.failedLogins }),
          ...(change.lockedUntil === undefined ? {} : { locked_until: change.lockedUntil }),
        })
        .where('id', '=', id)
        .returning('id')
        .executeTakeFirst()
      return done ? 'updated' : 'missing'
    }),

  delete: (id, signal) =>
    connection.run(signal, async ({ db }) => {
      const done = await db.deleteFrom('account').where('id', '=', id).returning('id').executeTakeFirst()
      return done ? 'deleted' : 'missing'
    }),

  ofHost: (project, hostId, signal) =>
    connection.run(signal, async ({ db }) => {
      const rows = await db.selectFrom('account').selectAll().where('host_id', '=', hostId).orderBy('id').execute()
      return rows.map(toAccount).filter((account) => account.grants.some((grant) => grant.project === project))
    }),
})

const toRow = (account: Account): Insertable<AccountRow> => ({
  id: account.id,
  name: account.name,
  kind: account.kind,
  password_hash: account.passwordHash,
  host_id: account.hostId ?? null,
  failed_logins: account.failedLogins,
  locked_until: account.lockedUntil ?? null,
  created_at: account.createdAt,
  grants: JSON.stringify(account.grants),
})

const toAccount = (row: Selectable<AccountRow>): Account => ({
  id: row.id,
  kind: row.kind as Account['kind'],
  name: row.name,
  passwordHash: row.password_hash,
  grants: fromJson<Account['grants']>(row.grants),
  ...(row.host_id === null ? {} : { hostId: row.host_id }),
  failedLogins: row.failed_logins,
  ...(row.locked_until === null ? {} : { lockedUntil: row.locked_until }),
  createdAt: row.created_at,
})
