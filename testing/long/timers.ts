import { createHook } from 'node:async_hooks'

/**
 * Every timer that runs, also those that would not keep the process alive: `AbortSignal.timeout`, sockets' own and
 * whatever is unreferenced. Disposed of, it listens no more.
 */
export class RunningTimers implements Disposable {
  readonly #born = new Map<number, string>()
  readonly #hook

  /** `traced`: keeps where each was made, which costs time. */
  constructor(traced = false) {
    this.#hook = createHook({
      init: (id, type) => {
        if (type === 'Timeout') this.#born.set(id, traced ? placeOf(new Error().stack ?? '') : '')
      },
      destroy: (id) => {
        this.#born.delete(id)
      },
      // Promises are of no interest, and there are millions.
      trackPromises: false,
    } as Parameters<typeof createHook>[0])
    this.#hook.enable()
  }

  get count(): number {
    return this.#born.size
  }

  /** Where they were made, with how many each. */
  get places(): readonly string[] {
    const counts = new Map<string, number>()
    for (const place of this.#born.values()) counts.set(place, (counts.get(place) ?? 0) + 1)
    return [...counts].sort(([, a], [, b]) => b - a).map(([place, count]) => `${count} ${place}`)
  }

  [Symbol.dispose](): void {
    this.#hook.disable()
  }
}

/** The innermost place of ours in a stack. */
const placeOf = (stack: string): string => {
  const lines = stack.split('\n').slice(2)
  const ours = lines.filter((line) => line.includes('/work/') || line.includes('file:')).filter((line) => !line.includes('/long/timers.ts'))
  return (ours[0] ?? lines.slice(0, 6).join(' < ')).trim()
}
