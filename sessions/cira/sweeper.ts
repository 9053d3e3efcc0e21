import type { EpochMilliseconds, Milliseconds } from '@outrider/protocols/values'

/** Something with deadlines of its own that can wait for the next round to be noticed. */
export interface Swept {
  sweep(now: Milliseconds): void
}

export interface SweeperOptions {
  /** Time between two rounds, and so how late a deadline may be noticed. */
  readonly period?: Milliseconds
  /** A clock that only goes forward. */
  readonly clock?: () => Milliseconds
}

/**
 * One timer for the deadlines of many sessions, instead of several for each: every period it asks all of them.
 * The timer exists only while there is somebody to ask.
 */
export class Sweeper {
  readonly #swept = new Set<Swept>()
  readonly #period: Milliseconds
  readonly #clock: () => Milliseconds
  readonly #origin: EpochMilliseconds
  #timer: NodeJS.Timeout | undefined
  #now: Milliseconds

  constructor(options: SweeperOptions = {}) {
    this.#period = options.period ?? 1000
    this.#clock = options.clock ?? (() => performance.now())
    this.#now = this.#clock()
    this.#origin = Date.now() - this.#now
  }

  /** Time of the last round: cheap enough to be asked for every chunk. */
  get now(): Milliseconds {
    return this.#now
  }

  /** How many are asked each round. */
  get size(): number {
    return this.#swept.size
  }

  /** A time of this clock as a time of day, as the wall clock was when the sweeper was made. */
  timeOfDay(at: Milliseconds): EpochMilliseconds {
    return Math.round(this.#origin + at)
  }

  add(swept: Swept): void {
    if (this.#swept.size === 0) {
      this.#now = this.#clock()
      this.#timer = setInterval(() => {
        this.#now = this.#clock()
        // After what has arrived is read: a process that was busy for a while would take its own absence for the
        // silence of everybody else.
        setImmediate(() => this.#round())
      }, this.#period)
    }
    this.#swept.add(swept)
  }

  delete(swept: Swept): void {
    if (this.#swept.delete(swept) && this.#swept.size === 0) clearInterval(this.#timer)
  }

  /** One round. Public so that whoever brings the clock can also say when. */
  tick(): void {
    this.#now = this.#clock()
    this.#round()
  }

  #round(): void {
    for (const swept of this.#swept) swept.sweep(this.#now)
  }
}
