import type { ProjectId } from '@outrider/domain/identity'
import type { SecretPath, SecretStore, SecretValues, SecretVersion, StoredSecret } from '@outrider/domain/ports'
import { secretsFileFaults } from './faults.ts'
import { SecretLog } from './log.ts'
import { Draft, pathKey, type State } from './state.ts'

/** Writes that join one frame. */
const BATCH_MAX = 1000
/** The file is rewritten when this many writes in it, beside twice what is live, are of the past. */
const GARBAGE_MIN = 1000

export interface SecretsFileParts {
  readonly path: string
  readonly key: Uint8Array
  readonly lock: Disposable
  readonly log: SecretLog
  readonly state: State
  /** Entries in the file, dead ones too. */
  readonly written: number
}

interface Mutation {
  decide(draft: Draft): void
  readonly signal: AbortSignal
  resolve(): void
  reject(error: unknown): void
}

/**
 * Secrets in memory, every write in the sealed file before it is seen or acknowledged. Writes that come while one
 * is becoming durable wait and then go together. An aborted write may have happened or not.
 */
export class SecretsFile implements SecretStore, AsyncDisposable {
  readonly #parts: SecretsFileParts
  readonly #state: State
  #log: SecretLog
  #written: number
  /** Set when an append failed: what the file ends with is not known, so it is written anew first. */
  #broken = false
  #closed = false
  #queue: Mutation[] = []
  #pumping: Promise<void> | undefined

  constructor(parts: SecretsFileParts) {
    this.#parts = parts
    this.#state = parts.state
    this.#log = parts.log
    this.#written = parts.written
  }

  async get(path: SecretPath, signal: AbortSignal): Promise<StoredSecret> {
    this.#admit(signal)
    return this.#state.entries.get(pathKey(path)) ?? {}
  }

  writePending(path: SecretPath, values: SecretValues, signal: AbortSignal): Promise<SecretVersion> {
    return this.#mutate((draft) => draft.writePending(pathKey(path), values), signal)
  }

  promote(path: SecretPath, version: number, signal: AbortSignal): Promise<'promoted' | 'stale'> {
    return this.#mutate((draft) => draft.promote(pathKey(path), version), signal)
  }

  put(
    path: SecretPath,
    values: SecretValues,
    expected: number | undefined,
    signal: AbortSignal,
  ): Promise<SecretVersion | 'stale'> {
    return this.#mutate((draft) => draft.put(pathKey(path), values, expected), signal)
  }

  delete(path: SecretPath, signal: AbortSignal): Promise<void> {
    return this.#mutate((draft) => draft.delete(pathKey(path)), signal)
  }

  deleteProject(project: ProjectId, signal: AbortSignal): Promise<void> {
    return this.#mutate((draft) => draft.deleteProject(project), signal)
  }

  /** `away` while the file cannot be written; asking tries again. */
  async health(signal: AbortSignal): Promise<'ok' | 'away'> {
    signal.throwIfAborted()
    if (this.#closed) return 'away'
    if (!this.#broken) return 'ok'
    try {
      await this.#mutate(() => undefined, signal)
      return 'ok'
    } catch {
      signal.throwIfAborted()
      return 'away'
    }
  }

  /** Lets the writes that were asked for finish; everything asked later throws `SECRETS_CLOSED`. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#pumping
    await this.#log.close()
    this.#parts.lock[Symbol.dispose]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #admit(signal: AbortSignal): void {
    signal.throwIfAborted()
    if (this.#closed) throw secretsFileFaults.SECRETS_CLOSED()
  }

  async #mutate<T>(decide: (draft: Draft) => T, signal: AbortSignal): Promise<T> {
    this.#admit(signal)
    const done = Promise.withResolvers<T>()
    let result: T
    const abort = (): void => done.reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    this.#queue.push({
      decide: (draft) => {
        result = decide(draft)
      },
      signal,
      resolve: () => done.resolve(result),
      reject: done.reject,
    })
    this.#pumping ??= this.#pump()
    try {
      return await done.promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  async #pump(): Promise<void> {
    // Who writes in the same turn of the event loop shares the first frame, too.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH_MAX).filter(({ signal }) => !signal.aborted)
      try {
        await this.#commit(batch)
      } catch (error) {
        const fault = secretsFileFaults.SECRETS_UNAVAILABLE({ path: this.#parts.path, reason: reasonOf(error) }, error)
        for (const mutation of batch) mutation.reject(fault)
        continue
      }
      for (const mutation of batch) mutation.resolve()
    }
    this.#pumping = undefined
  }

  async #commit(batch: readonly Mutation[]): Promise<void> {
    if (this.#broken) await this.#rewrite()
    const draft = new Draft(this.#state)
    for (const mutation of batch) mutation.decide(draft)
    if (draft.size === 0) return
    try {
      await this.#log.append(draft.encode())
    } catch (error) {
      this.#broken = true
      throw error
    }
    draft.apply()
    this.#written += draft.size
    if (this.#written > 2 * this.#state.entries.size + GARBAGE_MIN) await this.#tidy()
  }

  /** Leaves the past behind. Where that fails, the file may or may not be the new one: the next write finds out. */
  async #tidy(): Promise<void> {
    try {
      await this.#rewrite()
    } catch {
      this.#broken = true
    }
  }

  async #rewrite(): Promise<void> {
    const old = this.#log
    this.#log = await SecretLog.create(this.#parts.path, this.#parts.key, this.#state)
    this.#written = this.#state.entries.size
    this.#broken = false
    // All of it is in the new file; what closing the old one says changes nothing.
    await old.close().catch(() => undefined)
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'it could not be written'
