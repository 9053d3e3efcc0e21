import { Waiter } from '../streams/waiter.ts'

/**
 * Lets at most `limit` calls to one device run at a time, in the order they came: firmware serves few requests in
 * parallel and answers bursts with lost enumerations (reference/mps.md 2.2). `limit` may change while calls wait.
 */
export class CallQueue {
  #limit: number
  #running = 0
  readonly #waiting = new Set<Waiter<void>>()

  constructor(limit: number) {
    this.#limit = limit
  }

  set limit(limit: number) {
    this.#limit = limit
    this.#admit()
  }

  /** Runs `call` once it is its turn. Rejects with the signal's reason where that comes first. */
  async run<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.#running < this.#limit) this.#running++
    else {
      const waiter = new Waiter<void>(signal, (gone) => this.#waiting.delete(gone))
      this.#waiting.add(waiter)
      await waiter.promise
    }
    try {
      return await call()
    } finally {
      this.#running--
      this.#admit()
    }
  }

  /** The place is taken in the name of whoever is admitted, so that nobody slips in between. */
  #admit(): void {
    for (const waiter of this.#waiting) {
      if (this.#running >= this.#limit) return
      this.#waiting.delete(waiter)
      this.#running++
      waiter.resolve()
    }
  }
}
