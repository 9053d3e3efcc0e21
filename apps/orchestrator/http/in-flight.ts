import type { ServerResponse } from 'node:http'
import type { Milliseconds } from '@outrider/protocols/values'

/** Requests that were not answered yet. */
export class InFlight {
  #count = 0
  readonly #waiting = new Set<() => void>()

  add(response: ServerResponse): void {
    this.#count++
    response.once('close', () => {
      if (--this.#count === 0) for (const wake of this.#waiting) wake()
    })
  }

  /** Resolves when there are none, at the latest after `patience`. */
  async none(patience: Milliseconds): Promise<void> {
    if (this.#count === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, patience)
    this.#waiting.add(resolve)
    await promise
    clearTimeout(timer)
    this.#waiting.delete(resolve)
  }
}
