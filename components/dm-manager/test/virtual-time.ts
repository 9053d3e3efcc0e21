import { setImmediate } from 'node:timers/promises'
import type { Clock } from '@outrider/domain/ports'
import type { EpochMilliseconds, Milliseconds } from '@outrider/protocols/values'

interface Sleeper {
  readonly due: EpochMilliseconds
  readonly wake: () => void
}

/** Turns of the event loop in which nothing asked for time, after which everybody is taken to be waiting. */
const QUIET_TURNS = 12

/** Time that passes only when everybody waits for it. */
export class VirtualTime {
  now: EpochMilliseconds = 1_700_000_000_000
  readonly #sleepers = new Set<Sleeper>()
  #asked = 0
  #outside = 0

  readonly clock: Clock = {
    now: () => this.now,
    monotonic: () => this.now,
    sleep: (span: Milliseconds, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        signal.throwIfAborted()
        this.#asked += 1
        const end = (settle: () => void): void => {
          this.#sleepers.delete(sleeper)
          signal.removeEventListener('abort', onAbort)
          settle()
        }
        const onAbort = (): void => end(() => reject(signal.reason))
        const sleeper: Sleeper = { due: this.now + Math.max(span, 0), wake: () => end(resolve) }
        signal.addEventListener('abort', onAbort)
        this.#sleepers.add(sleeper)
      }),
  }

  /** `port`, whose calls take real time (a disk): while one is out, no time of ours passes. */
  outside<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]): unknown => {
          const result: unknown = member.apply(target, args)
          if (!(result instanceof Promise)) return result
          this.#outside += 1
          return result.finally(() => {
            this.#outside -= 1
          })
        }
      },
    })
  }

  /** Lets everything run that runs without time passing. */
  async settle(): Promise<void> {
    for (let quiet = 0, asked = this.#asked; quiet < QUIET_TURNS; quiet++) {
      await setImmediate()
      if (asked !== this.#asked || this.#outside > 0) {
        asked = this.#asked
        quiet = 0
      }
    }
  }

  /** Runs until `holds`, time passing as everybody waits for it, for `span` of it at most. */
  async until(holds: () => boolean | Promise<boolean>, span: Milliseconds): Promise<void> {
    const end = this.now + span
    for (;;) {
      await this.settle()
      if (await holds()) return
      const next = Math.min(...[...this.#sleepers].map(({ due }) => due))
      if (next > end) throw new Error(`it did not hold within ${span} ms`)
      this.now = Math.max(this.now, next)
      for (const sleeper of [...this.#sleepers]) if (sleeper.due <= this.now) sleeper.wake()
    }
  }

  pass(span: Milliseconds): Promise<void> {
    const end = this.now + span
    let rang = false
    void this.clock.sleep(span, new AbortController().signal).then(() => {
      rang = true
    })
    return this.until(() => rang || this.now > end, span)
  }
}
