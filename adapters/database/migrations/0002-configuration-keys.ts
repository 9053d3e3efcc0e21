import { type Kysely, sql } from 'kysely'
import type { Engine } from '../engine.ts'

/** Configurations are found by name in any case; domains also by their suffix, one for each root. */
export const configurationKeys = async (db: Kysely<unknown>, { key }: Engine): Promise<void> => {
  for (const column of ['name_key', 'suffix', 'root'])
    await db.schema.alterTable('configuration').addColumn(column, key).execute()
  await sql`update configuration set name_key = lower(name)`.execute(db)
  await db.schema
    .createIndex('configuration_by_name')
    .on('configuration')
    .columns(['project', 'kind', 'name_key'])
    .unique()
    .execute()
  await db.schema
    .createIndex('configuration_by_suffix')
    .on('configuration')
    .columns(['project', 'kind', 'suffix', 'root'])
    .unique()
    .execute()
}
