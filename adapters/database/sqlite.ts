import { chmodSync, closeSync, fdatasync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { promisify } from 'node:util'
import type { Fault } from '@outrider/protocols/values'
import {
  type DialectAdapter,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteStatement,
  sql,
} from 'kysely'
import type { Engine } from './engine.ts'
import { databaseFaults } from './faults.ts'
import { GroupSync } from './group-sync.ts'

/** Statements kept prepared; far more than the stores have forms of. */
const PREPARED_MAX = 500
/** How long a statement waits for another process to finish its write: it blocks the event loop meanwhile. */
const BUSY_MILLISECONDS = 1000

/** SQLite in the file at `path`, made readable to its owner only. */
export const sqliteEngine = (path: string): Engine => {
  const log = new WriteAheadLog(`${path}-wal`)
  const durable = new GroupSync(() => log.sync())
  return {
    dialect: new TransactionalSqliteDialect({ database: async () => openFile(path, log, durable) }),
    key: sql`text`,
    json: sql`text`,
    sequence: sql`integer primary key autoincrement`,
    rowLocks: false,
    elements: (json) => sql`json_each(${json})`,
    settle: () => durable.settle(),
    isDuplicate: (error) => {
      const code = errcode(error)
      return code === EXTENDED.constraintUnique || code === EXTENDED.constraintPrimaryKey
    },
    fault: (error) => sqliteFault(error, path),
  }
}

const openFile = (path: string, log: WriteAheadLog, durable: GroupSync): SqliteDatabase => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // SQLite gives its write-ahead log the mode of the database, so the file exists with its mode first.
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: BUSY_MILLISECONDS })
  try {
    // With `full` SQLite would sync the log at each commit, on the event loop: 0.3 ms on an idle disk, up to 14 ms
    // on a busy one. `normal` leaves just that out, and `GroupSync` does it beside the event loop before anybody
    // is answered.
    db.exec('pragma journal_mode = wal; pragma synchronous = normal')
  } catch (error) {
    db.close()
    throw error
  }
  const prepared = new Map<string, SqliteStatement>()
  let changed = false
  /** Notes, after a statement, whether it committed a change. */
  const note = (changes: boolean): void => {
    changed ||= changes
    if (db.isTransaction || !changed) return
    changed = false
    durable.committed()
  }
  return {
    close: () => {
      log.close()
      db.close()
    },
    prepare: (text) => {
      const hit = prepared.get(text)
      if (hit !== undefined) return hit
      // A transaction takes the write lock when it begins, so it never fails half-way because another has it.
      const statement = db.prepare(text === 'begin' ? 'begin immediate' : text)
      const changes = CHANGES.test(text)
      const noting = <T>(result: T): T => {
        note(changes)
        return result
      }
      const made: SqliteStatement = {
        reader: statement.columns().length > 0,
        all: (parameters) => noting(statement.all(...bound(parameters))),
        run: (parameters) => noting(statement.run(...bound(parameters))),
        iterate: (parameters) => statement.iterate(...bound(parameters)),
      }
      if (prepared.size >= PREPARED_MAX) prepared.clear()
      prepared.set(text, made)
      return made
    },
  }
}

/** What begins a statement that writes. */
const CHANGES = /^\s*(insert|update|delete|with|create|alter|drop)\b/i

const bound = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[]

/** The file that holds what is committed and not yet in the database; it is there while the database is open. */
class WriteAheadLog {
  readonly #path: string
  #file: number | undefined

  constructor(path: string) {
    this.#path = path
  }

  async sync(): Promise<void> {
    this.#file ??= openSync(this.#path, 'r')
    await fdatasyncFile(this.#file)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

const fdatasyncFile = promisify(fdatasync)

/** SQLite rolls back changes of the schema like any other; Kysely's dialect is written for the general case. */
class TransactionalSqliteDialect extends SqliteDialect {
  override createAdapter(): DialectAdapter {
    return new TransactionalSqliteAdapter()
  }
}

class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

// Result codes of SQLite (sqlite.org/rescode.html): the low byte is the primary code.
const PRIMARY = { corrupt: 11, constraint: 19, notADatabase: 26 } as const
const EXTENDED = { constraintPrimaryKey: 1555, constraintUnique: 2067 } as const
const AWAY: ReadonlyMap<number, string> = new Map([
  [5, 'another process holds it'],
  [6, 'one of its tables is locked'],
  [8, 'it cannot be written'],
  [10, 'its disk failed'],
  [13, 'its disk is full'],
  [14, 'its file cannot be opened'],
])

const errcode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined

const sqliteFault = (error: unknown, path: string): Fault | undefined => {
  const code = errcode(error)
  if (code === undefined) return systemFault(error)
  const primary = code & 0xff
  const reason = AWAY.get(primary)
  if (reason !== undefined) return databaseFaults.DATABASE_UNAVAILABLE({ reason, errcode: code }, error)
  if (primary === PRIMARY.corrupt || primary === PRIMARY.notADatabase)
    return databaseFaults.DATABASE_UNREADABLE({ path, errcode: code }, error)
  return undefined
}

/** The folder or file could not be made. */
const systemFault = (error: unknown): Fault | undefined =>
  error instanceof Error && 'syscall' in error && 'code' in error
    ? databaseFaults.DATABASE_UNAVAILABLE({ reason: `its file cannot be opened (${String(error.code)})` }, error)
    : undefined
