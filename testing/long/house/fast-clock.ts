import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '@outrider/domain/ports'
import type { Milliseconds } from '@outrider/protocols/values'

/** A clock that goes `factor` times as fast as the machine's, so that pauses and deadlines of minutes are seconds. */
export const fastClock = (factor: number): Clock => {
  const start = Date.now()
  const origin = performance.now()
  const gone = (): Milliseconds => (performance.now() - origin) * factor
  return {
    now: () => Math.round(start + gone()),
    monotonic: gone,
    sleep: (span, signal) => pause(span / factor, undefined, { signal }),
  }
}
