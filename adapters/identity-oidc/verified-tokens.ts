import type { Caller } from '@outrider/domain/identity'
import type { EpochMilliseconds } from '@outrider/protocols/values'

interface Entry {
  readonly caller: Caller
  readonly until: EpochMilliseconds
}

/** Callers of tokens that were verified, until they expire. The one not used for longest goes first. */
export class VerifiedTokens {
  readonly #entries = new Map<string, Entry>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(token: string, now: EpochMilliseconds): Caller | undefined {
    const entry = this.#entries.get(token)
    if (entry === undefined) return undefined
    this.#entries.delete(token)
    if (now >= entry.until) return undefined
    this.#entries.set(token, entry)
    return entry.caller
  }

  put(token: string, caller: Caller, until: EpochMilliseconds): void {
    this.#entries.set(token, { caller, until })
    if (this.#entries.size <= this.#capacity) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  get size(): number {
    return this.#entries.size
  }
}
