import type { ServerResponse } from 'node:http'
import type { Fault, Milliseconds } from '@outrider/protocols/values'
import { faults } from './faults.ts'

/** The requests that are under way. */
export class RequestLives {
  readonly #deadline: Milliseconds
  readonly #stopping: AbortSignal
  readonly #lives = new Set<RequestLife>()

  /** `stopping` aborts when requests in flight are to end. */
  constructor(deadline: Milliseconds, stopping: AbortSignal) {
    this.#deadline = deadline
    this.#stopping = stopping
    // One listener for all: a signal with one of each request looks through them all to take one away.
    stopping.addEventListener('abort', () => {
      for (const life of this.#lives) life.end(faults.SERVICE_STOPPING())
    })
  }

  /** The life of the request this answers, from now until its response is closed. */
  begin(response: ServerResponse): RequestLife {
    const life = new RequestLife()
    this.#lives.add(life)
    const deadline = this.#deadline
    const timer = setTimeout(() => life.end(faults.REQUEST_TIMEOUT({ seconds: deadline / 1000 })), deadline)
    response.once('close', () => {
      clearTimeout(timer)
      this.#lives.delete(life)
      if (!response.writableEnded) life.abandon()
    })
    if (this.#stopping.aborted) life.end(faults.SERVICE_STOPPING())
    return life
  }
}

/** What ends one request early: its client going away, its deadline, the service stopping. */
export class RequestLife {
  readonly #life = new AbortController()
  readonly #cut = Promise.withResolvers<never>()
  #fault: Fault | undefined

  constructor() {
    this.#cut.promise.catch(() => undefined)
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

  /** The client went away: nobody is told. */
  abandon(): void {
    this.#life.abort(new Error('the client went away'))
  }

  end(fault: Fault): void {
    this.#fault = fault
    this.#life.abort(fault)
    this.#cut.reject(fault)
  }
}
