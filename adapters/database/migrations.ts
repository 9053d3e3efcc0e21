import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Engine } from './engine.ts'
import { foundation } from './migrations/0001-foundation.ts'
import { configurationKeys } from './migrations/0002-configuration-keys.ts'
import { hostPolicy } from './migrations/0003-host-policy.ts'

/** One step forward. A migration that was released is never edited; there is no way back. */
export type Step = (db: Kysely<unknown>, engine: Engine) => Promise<void>

const steps: Readonly<Record<string, Step>> = {
  '0001-foundation': foundation,
  '0002-configuration-keys': configurationKeys,
  '0003-host-policy': hostPolicy,
}

/** Every migration by name, in the order of the names. */
export const migrationsFor = (engine: Engine): Record<string, Migration> =>
  Object.fromEntries(Object.entries(steps).map(([name, step]) => [name, { up: (db) => step(db, engine) }]))
