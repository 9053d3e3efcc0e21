import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Clock } from '@outrider/domain/ports'

/** What every clock must do. */
export const clockSuite = (provider: string, clock: Clock): void => {
  describe(`Clock of ${provider}`, () => {
    test('never goes backwards, and says the time of day in milliseconds', () => {
      let last = clock.monotonic()
      for (let look = 0; look < 1000; look++) {
        const now = clock.monotonic()
        assert.ok(now >= last)
        last = now
      }
      assert.ok(Math.abs(clock.now() - Date.now()) < 60_000)
    })

    test('sleeps no shorter than it was asked to', async () => {
      const began = clock.monotonic()
      await clock.sleep(20, new AbortController().signal)
      // Timers count in whole milliseconds.
      assert.ok(clock.monotonic() - began >= 19)
    })

    test('wakes with a rejection when the signal aborts, before and during the sleep', async () => {
      const early = new AbortController()
      early.abort(new Error('stop'))
      await assert.rejects(clock.sleep(60_000, early.signal))
      const late = new AbortController()
      const sleeping = clock.sleep(60_000, late.signal)
      late.abort(new Error('stop'))
      await assert.rejects(sleeping)
    })
  })
}
