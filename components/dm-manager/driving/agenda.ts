import type { Clock } from '@outrider/domain/ports'
import { type EpochMilliseconds, minutes } from '@outrider/protocols/values'
import { Heap } from './heap.ts'

/** Clocks jump, and timers do not reach for ever: looked at this often at least. */
const LONGEST_SLEEP = minutes(1)

/** When to look again at whom: one timer for all. A host has one date, the newest that was given. */
export class Agenda {
  readonly #clock: Clock
  readonly #dates = new Map<string, EpochMilliseconds>()
  readonly #heap = new Heap<{ readonly due: EpochMilliseconds; readonly key: string }>()
  #rearm: () => void = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  at(key: string, due: EpochMilliseconds): void {
    const first = this.#heap.peek()
    this.#dates.set(key, due)
    this.#heap.push({ due, key })
    if (first === undefined || due < first.due) this.#rearm()
  }

  forget(key: string): void {
    // What is left of it in the heap is passed over when it comes up.
    this.#dates.delete(key)
  }

  /** Calls `call` for each key when it is due, until `signal` aborts. */
  async run(call: (key: string) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = this.#clock.now()
      for (;;) {
        const first = this.#heap.peek()
        if (first === undefined || (first.due > now && this.#dates.get(first.key) === first.due)) break
        this.#heap.pop()
        if (this.#dates.get(first.key) !== first.due) continue
        this.#dates.delete(first.key)
        call(first.key)
      }
      const next = this.#heap.peek()
      const span = next === undefined ? LONGEST_SLEEP : Math.min(next.due - now, LONGEST_SLEEP)
      const rearmed = new AbortController()
      this.#rearm = () => rearmed.abort()
      await this.#clock.sleep(span, AbortSignal.any([signal, rearmed.signal])).catch(() => undefined)
    }
  }
}
