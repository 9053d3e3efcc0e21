import type { Clock } from '@outrider/domain/ports'
import type { Milliseconds } from '@outrider/protocols/values'
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose'
import { faults } from './faults.ts'
import type { KeySource } from './key-source.ts'

/** The issuer's keys as last read. Read at most once at a time, and not again within `restMilliseconds`. */
export class KeySet {
  readonly #issuer: string
  readonly #read: KeySource
  readonly #clock: Clock
  readonly #rest: Milliseconds
  readonly #patience: Milliseconds
  #keys: JWTVerifyGetKey | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined
  #failure: unknown

  constructor(issuer: string, read: KeySource, clock: Clock, rest: Milliseconds, patience: Milliseconds) {
    this.#issuer = issuer
    this.#read = read
    this.#clock = clock
    this.#rest = rest
    this.#patience = patience
  }

  /** The keys at hand, read where there are none yet. Throws `ISSUER_UNAVAILABLE`. */
  async current(): Promise<JWTVerifyGetKey> {
    if (this.#keys === undefined) await this.refresh()
    if (this.#keys === undefined) throw faults.ISSUER_UNAVAILABLE({ issuer: this.#issuer }, this.#failure)
    return this.#keys
  }

  /**
   * Reads the keys again unless that was done a moment ago: whoever sends made-up key ids must not turn into
   * load on the issuer. Old keys stay where the issuer is away. Returns whether keys were read.
   */
  async refresh(): Promise<boolean> {
    if (this.#asking === undefined) {
      if (this.#clock.monotonic() - this.#askedAt < this.#rest) return false
      this.#askedAt = this.#clock.monotonic()
      this.#asking = this.#ask().finally(() => {
        this.#asking = undefined
      })
    }
    await this.#asking
    return this.#failure === undefined
  }

  // Shared by everyone who waits, so it has its own deadline and not the signal of one of them.
  async #ask(): Promise<void> {
    try {
      this.#keys = createLocalJWKSet(await this.#read(AbortSignal.timeout(this.#patience)))
      this.#failure = undefined
    } catch (error) {
      this.#failure = error
    }
  }
}
