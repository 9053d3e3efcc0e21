import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '@outrider/domain/ports'
import { recordedEvents } from '../test/recorded-events.ts'
import { renewEvery } from './renewal.ts'

test('a renewal that fails is told of and tried again at its next time', async () => {
  const life = new AbortController()
  const spans: number[] = []
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: async (span, signal) => {
      signal.throwIfAborted()
      spans.push(span)
    },
  }
  const events = recordedEvents()
  let calls = 0
  const renew = async () => {
    calls += 1
    if (calls === 3) life.abort()
    else if (calls < 3) throw new Error(`away for the ${calls}. time`)
  }
  await renewEvery(1234, renew, { clock, events }, life.signal)
  assert.equal(calls, 3)
  assert.deepEqual(spans, [1234, 1234, 1234])
  const causes = events.of('service.error').map(({ cause }) => String(cause))
  assert.ok(causes.length === 2 && causes.every((cause, at) => cause.includes(`${at + 1}. time`)))
})
