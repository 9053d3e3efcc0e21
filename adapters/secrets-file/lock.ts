import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { secretsFileFaults } from './faults.ts'

/**
 * Keeps every other process from the secret file at `path`, until it is disposed or this process is gone. Node has
 * no file locks, SQLite does: an exclusive transaction on an empty file is a lock of the kernel, which does not
 * outlive its process and so never is stale. Throws `SECRETS_IN_USE`.
 */
export const lockFile = (path: string): Disposable => {
  const lockPath = `${path}.lock`
  closeSync(openSync(lockPath, 'a', 0o600))
  const lock = new DatabaseSync(lockPath, { timeout: 0 })
  try {
    lock.exec('pragma journal_mode = memory; begin exclusive')
  } catch (error) {
    lock.close()
    if (isBusy(error)) throw secretsFileFaults.SECRETS_IN_USE({ path }, error)
    throw error
  }
  return { [Symbol.dispose]: () => lock.close() }
}

/** SQLITE_BUSY, in whichever of its extended forms. */
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === 5
