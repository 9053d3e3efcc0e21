import type { Fault } from '@outrider/protocols/values'
import type { Dialect, RawBuilder } from 'kysely'

/** A database engine: what the stores and migrations cannot say in one SQL for all of them. */
export interface Engine {
  readonly dialect: Dialect
  /** Column type of text that is ordered by its bytes, whatever the locale of the database. */
  readonly key: RawBuilder<unknown>
  readonly json: RawBuilder<unknown>
  /** Column type of a primary key that counts up by itself. */
  readonly sequence: RawBuilder<unknown>
  /** Whether a row read in order to be written must be locked (`for update`). SQLite has one writer at a time. */
  readonly rowLocks: boolean
  /** The elements of a JSON array as rows with one column, `value`. */
  elements(json: string): RawBuilder<{ value: unknown }>
  /** Resolves when what has been committed by now survives a loss of power. */
  settle(): Promise<void>
  /** Whether a statement failed because a unique key is taken. */
  isDuplicate(error: unknown): boolean
  /** The fault an error of the driver stands for; `undefined` where it is not the driver's. */
  fault(error: unknown): Fault | undefined
}
