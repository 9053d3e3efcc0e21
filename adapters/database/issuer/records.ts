import type { IssuerRecord, IssuerStore } from '@outrider/domain/ports'
import { type Selectable, sql } from 'kysely'
import type { Connection } from '../connection.ts'
import { fromJson, type IssuerRecordRow } from '../schema.ts'

export const recordTable = (connection: Connection): IssuerStore['records'] => ({
  upsert: (record, signal) =>
    connection.run(signal, async ({ db }) => {
      const { model, id } = record
      const columns = {
        payload: JSON.stringify(record.payload),
        grant_id: record.grantId ?? null,
        uid: record.uid ?? null,
        user_code: record.userCode ?? null,
        consumed_at: record.consumedAt ?? null,
        expires_at: record.expiresAt ?? null,
      }
      await db
        .insertInto('issuer_record')
        .values({ model, id, ...columns })
        .onConflict((c) => c.columns(['model', 'id']).doUpdateSet(columns))
        .execute()
    }),

  find: (model, id, signal) =>
    connection.run(signal, async ({ db }) => {
      const row = await db
        .selectFrom('issuer_record')
        .selectAll()
        .where('model', '=', model)
        .where('id', '=', id)
        .executeTakeFirst()
      return row && toRecord(row)
    }),

  findBy: (model, field, value, signal) =>
    connection.run(signal, async ({ db }) => {
      const row = await db
        .selectFrom('issuer_record')
        .selectAll()
        .where('model', '=', model)
        .where(field === 'uid' ? 'uid' : 'user_code', '=', value)
        .executeTakeFirst()
      return row && toRecord(row)
    }),

  consume: (model, id, at, signal) =>
    connection.run(signal, async ({ db }) => {
      await db
        .updateTable('issuer_record')
        .set({ consumed_at: at })
        .where('model', '=', model)
        .where('id', '=', id)
        .execute()
    }),

  destroy: (model, id, signal) =>
    connection.run(signal, async ({ db }) => {
      await db.deleteFrom('issuer_record').where('model', '=', model).where('id', '=', id).execute()
    }),

  revokeByGrant: (grantId, signal) =>
    connection.run(signal, async ({ db }) => {
      await db.deleteFrom('issuer_record').where('grant_id', '=', grantId).execute()
    }),

  revokeByAccount: (accountId, signal) =>
    connection.run(signal, async ({ db }) => {
      await db.deleteFrom('issuer_record').where(sql<string>`payload ->> 'accountId'`, '=', accountId).execute()
    }),

  purge: (before, signal) =>
    connection.run(signal, async ({ db }) => {
      const gone = await db.deleteFrom('issuer_record').where('expires_at', '<', before).returning('id').execute()
      return gone.length
    }),
})

const toRecord = (row: Selectable<IssuerRecordRow>): IssuerRecord => ({
  model: row.model,
  id: row.id,
  payload: fromJson<Record<string, unknown>>(row.payload),
  ...(row.grant_id === null ? {} : { grantId: row.grant_id }),
  ...(row.uid === null ? {} : { uid: row.uid }),
  ...(row.user_code === null ? {} : { userCode: row.user_code }),
  ...(row.consumed_at === null ? {} : { consumedAt: row.consumed_at }),
  ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
})
