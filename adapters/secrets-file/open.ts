import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault } from '@outrider/protocols/values'
import { secretsFileFaults } from './faults.ts'
import { readOwn } from './folder.ts'
import { openFrames } from './frames.ts'
import { confirmKey, prepareKey, readKey, readPreparedKey } from './key.ts'
import { lockFile } from './lock.ts'
import { SecretLog } from './log.ts'
import { replay, type State } from './state.ts'
import { SecretsFile } from './store.ts'

export interface SecretsFileConfig {
  /** The sealed file. */
  readonly path: string
  /** The file with the key that opens it; keep it out of backups of the other. */
  readonly keyPath: string
}

/**
 * Opens the sealed secret file, making it and its key (both mode 0600) where neither was ever made. Throws
 * `SECRETS_UNREADABLE` where one of them is missing, the key does not open the file, or the file is damaged: it
 * never makes anew what was lost. Throws `SECRETS_IN_USE` while another process has it, `SECRETS_UNAVAILABLE`
 * where the disk refuses.
 *
 * An older copy of both files put back opens, as does the file cut at the end of a write: what protects against
 * going back in time is who may write the folder.
 */
export const openSecretsFile = async (config: SecretsFileConfig): Promise<SecretsFile> => {
  const { path } = config
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await mkdir(dirname(config.keyPath), { recursive: true, mode: 0o700 })
    const lock = lockFile(path)
    try {
      return await openLocked(config, lock)
    } catch (error) {
      lock[Symbol.dispose]()
      throw error
    }
  } catch (error) {
    if (error instanceof Fault) throw error
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'its folder cannot be used'
    throw secretsFileFaults.SECRETS_UNAVAILABLE({ path, reason }, error)
  }
}

const openLocked = async ({ path, keyPath }: SecretsFileConfig, lock: Disposable): Promise<SecretsFile> => {
  const unreadable = (reason: string): Fault => secretsFileFaults.SECRETS_UNREADABLE({ path, reason })
  const key = await readKey(keyPath)
  const file = await readOwn(path)
  if (key === 'malformed') throw unreadable(`its key file ${keyPath} holds no key`)
  if (file === undefined) {
    if (key !== undefined) throw unreadable('it is gone while its key is there')
    return begin(path, keyPath, lock)
  }
  if (key !== undefined) return resume(path, key, file, lock, unreadable)

  // Without a key the file can only be one whose making was cut off before its key took its name.
  const prepared = await readPreparedKey(keyPath)
  if (prepared === undefined) throw unreadable(`its key file ${keyPath} is gone`)
  const store = await resume(path, prepared, file, lock, unreadable)
  try {
    await confirmKey(keyPath)
  } catch (error) {
    await store.close()
    throw error
  }
  return store
}

/** First use. */
const begin = async (path: string, keyPath: string, lock: Disposable): Promise<SecretsFile> => {
  const key = await prepareKey(keyPath)
  const state: State = { entries: new Map(), version: 0 }
  const log = await SecretLog.create(path, key, state)
  try {
    await confirmKey(keyPath)
  } catch (error) {
    await log.close()
    throw error
  }
  return new SecretsFile({ path, key, lock, log, state, written: 0 })
}

const resume = async (
  path: string,
  key: Uint8Array,
  file: Uint8Array,
  lock: Disposable,
  unreadable: (reason: string) => Fault,
): Promise<SecretsFile> => {
  const opened = openFrames(key, file)
  if ('damaged' in opened) throw unreadable(opened.damaged)
  const replayed = replay(opened.frames)
  if (replayed === undefined) throw unreadable('its beginning is cut off')
  const log = await SecretLog.resume(path, key, opened.header, opened.frames.length, opened.end)
  return new SecretsFile({ path, key, lock, log, ...replayed })
}
