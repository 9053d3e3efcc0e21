import { createHook } from 'node:async_hooks'

/**
 * Every timer of ours that runs, also those that would not keep the process alive: `AbortSignal.timeout` and
 * whatever is unreferenced. Libraries' own are not counted: the gRPC client leaves one of 15 minutes per connection
 * that was closed. Costs a stack per timer. Disposed of, it listens no more.
 */
export class RunningTimers implements Disposable {
  readonly #running = new Map<number, string>()
  readonly #hook

  constructor() {
    const options = {
      init: (id: number, type: string) => {
        if (type !== 'Timeout') return
        const place = placeOf(new Error().stack ?? '')
        if (!place.includes('node_modules')) this.#running.set(id, place)
      },
      destroy: (id: number) => {
        this.#running.delete(id)
      },
      // Promises are of no interest, and there are millions.
      trackPromises: false,
    }
    this.#hook = createHook(options).enable()
  }

  get count(): number {
    return this.#running.size
  }

  /** Where they were made, and how many at each place. */
  get places(): readonly string[] {
    const counts = new Map<string, number>()
    for (const place of this.#running.values()) counts.set(place, (counts.get(place) ?? 0) + 1)
    return [...counts].sort(([, a], [, b]) => b - a).map(([place, count]) => `${count} ${place}`)
  }

  [Symbol.dispose](): void {
    this.#hook.disable()
  }
}

/** The innermost place in a stack that is a file, and not this one. */
const placeOf = (stack: string): string =>
  stack
    .split('\n')
    .find((line) => line.includes('file:') && !line.includes('/long/timers.ts'))
    ?.trim() ?? 'the runtime'
