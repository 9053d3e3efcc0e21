import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock, Random } from '@outrider/domain/ports'

/** The machine's own clock and randomness. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (span, signal) => pause(span, undefined, { signal }),
}

export const systemRandom: Random = { bytes: (length) => randomBytes(length) }
