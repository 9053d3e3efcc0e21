import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@outrider/domain/ports'

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(span, signal) {
    signal.throwIfAborted()
    try {
      await sleep(span, undefined, { signal })
    } catch (error) {
      // Whoever sleeps is told why it was woken, not that it was.
      throw signal.aborted ? signal.reason : error
    }
  },
}
