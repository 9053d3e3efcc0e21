import type { EpochMilliseconds, Milliseconds } from '@outrider/protocols/values'

/** Ends a scheduled call that has not happened; does nothing otherwise. */
export type Cancel = () => void

/** The firmware's only source of time, so that a test can own it. */
export interface FirmwareClock {
  now(): EpochMilliseconds
  /** Calls `act` once, `delay` from now. The clock never keeps a process alive by itself. */
  schedule(delay: Milliseconds, act: () => void): Cancel
}

/** The machine's own clock. */
export const systemClock: FirmwareClock = {
  now: () => Date.now(),
  schedule: (delay, act) => {
    const timer = setTimeout(act, Math.min(delay, 0x7fffffff))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** A clock that moves only when told: `advance` runs what falls due, in order of time. */
export class ManualClock implements FirmwareClock {
  #now: EpochMilliseconds
  #order = 0
  readonly #due = new Map<number, { readonly at: EpochMilliseconds; readonly act: () => void }>()

  constructor(start: EpochMilliseconds = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  now(): EpochMilliseconds {
    return this.#now
  }

  /** How many calls are scheduled. */
  get pending(): number {
    return this.#due.size
  }

  schedule(delay: Milliseconds, act: () => void): Cancel {
    const order = this.#order++
    this.#due.set(order, { at: this.#now + Math.max(0, delay), act })
    return () => this.#due.delete(order)
  }

  /** Moves time on by `span`, running what falls due on the way, each at its own time. */
  advance(span: Milliseconds): void {
    const until = this.#now + span
    for (;;) {
      let first: [order: number, at: EpochMilliseconds] | undefined
      for (const [order, { at }] of this.#due) {
        if (at <= until && (first === undefined || at < first[1])) first = [order, at]
      }
      if (first === undefined) break
      const { act } = this.#due.get(first[0])!
      this.#due.delete(first[0])
      this.#now = Math.max(this.#now, first[1])
      act()
    }
    this.#now = until
  }
}

/** Resolves after `delay` by this clock; rejects with the signal's reason on abort. */
export const pause = (clock: FirmwareClock, delay: Milliseconds, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const ended = (): void => {
      cancel()
      reject(signal.reason)
    }
    const cancel = clock.schedule(delay, () => {
      signal.removeEventListener('abort', ended)
      resolve()
    })
    signal.addEventListener('abort', ended, { once: true })
  })
