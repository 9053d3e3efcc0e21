import type { ServerResponse } from 'node:http'
import type { Fault, Milliseconds } from '@outrider/protocols/values'
import { faults } from './faults.ts'

/**
 * What ends one request early: its client going away, its deadline, the service stopping. Made when it arrives;
 * lets go of everything when its response is closed.
 */
export class RequestLife {
  readonly #life = new AbortController()
  readonly #cut = Promise.withResolvers<never>()
  #fault: Fault | undefined

  constructor(response: ServerResponse, deadline: Milliseconds, stopping: AbortSignal) {
    this.#cut.promise.catch(() => undefined)
    const timer = setTimeout(() => this.#end(faults.REQUEST_TIMEOUT({ seconds: deadline / 1000 })), deadline)
    const stop = () => this.#end(faults.SERVICE_STOPPING())
    stopping.addEventListener('abort', stop, { once: true })
    response.once('close', () => {
      clearTimeout(timer)
      stopping.removeEventListener('abort', stop)
      if (!response.writableEnded) this.#life.abort(new Error('the client went away'))
    })
    if (stopping.aborted) stop()
  }

  get signal(): AbortSignal {
    return this.#life.signal
  }

  /** Why the request was ended before its handler was done; `undefined` where that was its client's doing. */
  get fault(): Fault | undefined {
    return this.#fault
  }

  /** What `work` comes to, or the fault that ends the request, even where `work` does not listen. */
  run<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#cut.promise])
  }

  #end(fault: Fault): void {
    this.#fault = fault
    this.#life.abort(fault)
    this.#cut.reject(fault)
  }
}
