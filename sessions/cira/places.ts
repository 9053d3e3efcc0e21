import type { Fault } from '@outrider/protocols/values'
import { Waiter } from '../streams/index.ts'
import { ciraFaults } from './faults.ts'

/** A fixed number of places, given away in the order they were asked for. */
export class Places {
  readonly #limit: number
  readonly #maxWaiting: number
  #taken = 0
  #waiters: Waiter<void>[] = []

  constructor(limit: number, maxWaiting: number) {
    this.#limit = limit
    this.#maxWaiting = maxWaiting
  }

  /** Resolves when a place is the caller's, who has to give it back. Throws `CIRA_CHANNELS_BUSY`. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#taken < this.#limit) {
      this.#taken++
      return
    }
    const waiting = this.#waiters.length
    if (waiting >= this.#maxWaiting) throw ciraFaults.CIRA_CHANNELS_BUSY({ limit: this.#limit, waiting })
    const waiter = new Waiter<void>(signal, (gone) => {
      this.#waiters = this.#waiters.filter((other) => other !== gone)
    })
    this.#waiters.push(waiter)
    return waiter.promise
  }

  giveBack(): void {
    const next = this.#waiters.shift()
    if (next === undefined) this.#taken--
    else next.resolve()
  }

  /** Nobody waits for a place any longer. */
  fail(fault: Fault): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter.reject(fault)
  }
}
