import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import { Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Engine } from './engine.ts'
import { databaseFaults } from './faults.ts'
import { migrationsFor } from './migrations.ts'
import type { Schema } from './schema.ts'

/** What a statement is sent through: alone, or inside one transaction while that is open. */
export interface Scope {
  readonly db: Kysely<Schema>
  readonly engine: Engine
}

/** Uses between which the event loop may stand still. */
const USES_PER_TURN = 16

/** The database as the stores use it: deadlines, faults and transactions in one place. */
export class Connection {
  readonly engine: Engine
  readonly #db: Kysely<Schema>
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>()
  #closed = false
  #uses = 0

  /** `onStatement` is told the text of every statement; never its values. */
  constructor(engine: Engine, onStatement?: (text: string) => void) {
    this.engine = engine
    this.#db = new Kysely<Schema>({
      dialect: engine.dialect,
      ...(onStatement === undefined ? {} : { log: ({ query }) => onStatement(query.sql) }),
    })
  }

  /** Runs `work` outside a transaction: for what is one statement. */
  run<T>(signal: AbortSignal, work: (scope: Scope) => Promise<T>): Promise<T> {
    return this.#use(signal, (db) => raced(work({ db, engine: this.engine }), signal))
  }

  /** Runs `work` in one transaction, which ends with it: committed, or rolled back where it throws or aborts. */
  transaction<T>(signal: AbortSignal, work: (scope: Scope) => Promise<T>): Promise<T> {
    return this.#use(signal, (connection) =>
      connection.transaction().execute(async (db) => {
        const state = { open: true }
        const scope: Scope = {
          // What goes on after an abort must not write once the transaction is gone.
          get db() {
            if (!state.open) throw databaseFaults.DATABASE_CLOSED()
            return db
          },
          engine: this.engine,
        }
        try {
          const result = await raced(
            this.#inside.run(state, () => work(scope)),
            signal,
          )
          signal.throwIfAborted()
          return result
        } finally {
          state.open = false
        }
      }),
    )
  }

  /** Brings the tables to the form of this version, all of it or nothing, one process at a time. */
  async migrate(): Promise<void> {
    const migrations = migrationsFor(this.engine)
    const migrator = new Migrator({ db: this.#db, provider: { getMigrations: async () => migrations } })
    try {
      const { error, results } = await migrator.migrateToLatest()
      if (error === undefined) return await this.engine.settle()
      const fault = this.engine.fault(error)
      if (fault !== undefined) throw fault
      const unknown = await this.#newest(migrations)
      if (unknown !== undefined) throw databaseFaults.DATABASE_NEWER({ migration: unknown }, error)
      const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'none'
      throw databaseFaults.DATABASE_NOT_MIGRATED({ migration: failed }, error)
    } catch (error) {
      throw this.engine.fault(error) ?? error
    }
  }

  async health(signal: AbortSignal): Promise<'ok' | 'away'> {
    try {
      await this.run(signal, ({ db }) => sql`select 1`.execute(db))
      return 'ok'
    } catch {
      signal.throwIfAborted()
      return 'away'
    }
  }

  /** Lets what runs finish, refuses what comes. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      // The engine's one connection is free once everything that was asked before has ended.
      await this.#db.connection().execute(async () => undefined)
      await this.engine.settle()
    } finally {
      await this.#db.destroy()
    }
  }

  /** Gives up a database that could not be opened. */
  async abandon(): Promise<void> {
    this.#closed = true
    await this.#db.destroy()
  }

  async #use<T>(signal: AbortSignal, work: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    if (this.#closed) throw databaseFaults.DATABASE_CLOSED()
    // On an engine with one connection this would wait for itself; on others it would be outside the transaction.
    if (this.#inside.getStore()?.open === true) throw databaseFaults.DATABASE_NESTED()
    try {
      // SQLite answers before it returns, so a loop of queries would never let a socket or a timer have its turn.
      this.#uses += 1
      if (this.#uses % USES_PER_TURN === 0) await setImmediate()
      const result = await this.#db.connection().execute(work, { signal })
      await raced(this.engine.settle(), signal)
      return result
    } catch (error) {
      throw this.engine.fault(error) ?? error
    }
  }

  /** The last migration the database had that this version does not know. */
  async #newest(known: Readonly<Record<string, unknown>>): Promise<string | undefined> {
    const done = await sql<{ name: string }>`select name from kysely_migration order by name desc`.execute(this.#db)
    return done.rows.find((row) => !(row.name in known))?.name
  }
}

/** `promise`, or the signal's reason where it aborts first; `promise` then goes on unwatched. */
const raced = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
