import { type Kysely, sql } from 'kysely'
import type { Engine } from '../engine.ts'

/** Hosts with a policy are found without reading those without. */
export const hostPolicy = async (db: Kysely<unknown>, { key }: Engine): Promise<void> => {
  await db.schema
    .alterTable('host')
    .addColumn('policy', key, (c) => c.notNull().defaultTo('follow'))
    .execute()
  await sql`update host set policy = coalesce(data->>'policy', 'follow')`.execute(db)
  await db.schema.createIndex('host_by_policy').on('host').columns(['project', 'policy', 'created_at', 'id']).execute()
}
