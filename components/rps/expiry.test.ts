import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock, DomainProfile } from '@outrider/domain/ports'
import { guid } from '@outrider/protocols/values'
import { recordEvents } from '@outrider/testing/harness'
import { daysLeft, watchExpiry } from './expiry.ts'

const DAY = 24 * 3_600_000
const project = guid('11111111-1111-4111-8111-111111111111')

test('days left are whole ones, and less than none after the end', () => {
  assert.deepEqual(
    [0, 1, DAY - 1, DAY, 1.5 * DAY, -1, -DAY - 1].map((span) => daysLeft(1000 + span, 1000)),
    [0, 0, 0, 1, 1, -1, -2],
  )
})

test('each certificate that ends soon is told of once a day, also after the store was away', async () => {
  const life = new AbortController()
  const events = recordEvents()
  let now = 0
  const looks: number[] = []
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (span) => {
      now += span
      if (looks.length === 5) life.abort()
    },
  }
  const all = [
    { project, name: 'soon', suffix: 'a.example', expiresAt: 61.5 * DAY },
    { project, name: 'later', suffix: 'b.example', expiresAt: 300 * DAY },
  ] as unknown as readonly DomainProfile[]
  const expiring = async (before: number): Promise<readonly DomainProfile[]> => {
    looks.push(now)
    if (looks.length === 3) throw new Error('the store is away')
    return all.filter(({ expiresAt }) => expiresAt < before)
  }
  await watchExpiry({ store: { domains: { expiring } as never }, clock, events }, life.signal)
  assert.deepEqual(
    looks.map((at, index) => at - (looks[index - 1] ?? 0)),
    [0, DAY, DAY, DAY / 144, DAY],
  )
  assert.deepEqual(
    events.named('domain.expiring').map(({ domain, suffix, days }) => [domain, suffix, days]),
    // 61 days at first, which is early enough.
    [60, 59, 58].map((days) => ['soon', 'a.example', days]),
  )
})
