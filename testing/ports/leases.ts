import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Leases } from '@outrider/domain/ports'
import { deadline, type ManualClock } from './fixtures.ts'

export interface OpenLeases {
  readonly leases: Leases
  /** The clock it was given. */
  readonly clock: ManualClock
  close(): Promise<void>
}

/** The behaviour of every `Leases`. */
export const leasesSuite = (name: string, open: () => Promise<OpenLeases>): void => {
  describe(`${name} as Leases`, () => {
    const using = async (work: (leases: Leases, clock: ManualClock) => Promise<void>): Promise<void> => {
      const { leases, clock, close } = await open()
      try {
        await work(leases, clock)
      } finally {
        await close()
      }
    }
    const SPAN = 10_000

    it('gives a key to one holder at a time', () =>
      using(async (leases) => {
        const lease = await leases.acquire('host/a', 'one', SPAN, deadline())
        assert.deepEqual(lease, { key: 'host/a', holder: 'one', epoch: lease?.epoch })
        assert.equal(await leases.acquire('host/a', 'two', SPAN, deadline()), undefined)
        assert.ok(await leases.acquire('host/b', 'two', SPAN, deadline()))
      }))

    it('gives a key to one of many who ask at once', () =>
      using(async (leases) => {
        const got = await Promise.all(
          Array.from({ length: 20 }, (_, n) => leases.acquire('host/a', `holder-${n}`, SPAN, deadline())),
        )
        assert.equal(got.filter((lease) => lease !== undefined).length, 1)
      }))

    it('gives it to another when it has run out, under a greater epoch', () =>
      using(async (leases, clock) => {
        const first = await leases.acquire('host/a', 'one', SPAN, deadline())
        clock.advance(SPAN - 1)
        assert.equal(await leases.acquire('host/a', 'two', SPAN, deadline()), undefined)
        clock.advance(1)
        const second = await leases.acquire('host/a', 'two', SPAN, deadline())
        assert.ok(first && second && second.epoch > first.epoch)
        assert.equal(await leases.renew(first, SPAN, deadline()), 'lost')
      }))

    it('gives its holder a new epoch when asked again, and the old lease is lost', () =>
      using(async (leases) => {
        const first = await leases.acquire('host/a', 'one', SPAN, deadline())
        const second = await leases.acquire('host/a', 'one', SPAN, deadline())
        assert.ok(first && second && second.epoch > first.epoch)
        assert.equal(await leases.renew(first, SPAN, deadline()), 'lost')
        assert.equal(await leases.renew(second, SPAN, deadline()), 'renewed')
      }))

    it('lasts as long as it is renewed, counted from the renewal', () =>
      using(async (leases, clock) => {
        const lease = await leases.acquire('host/a', 'one', SPAN, deadline())
        assert.ok(lease)
        for (let n = 0; n < 3; n++) {
          clock.advance(SPAN - 1)
          assert.equal(await leases.renew(lease, SPAN, deadline()), 'renewed')
        }
        assert.equal(await leases.acquire('host/a', 'two', SPAN, deadline()), undefined)
      }))

    it('is lost when it ran out, even if nobody else asked', () =>
      using(async (leases, clock) => {
        const lease = await leases.acquire('host/a', 'one', SPAN, deadline())
        assert.ok(lease)
        clock.advance(SPAN)
        assert.equal(await leases.renew(lease, SPAN, deadline()), 'lost')
      }))

    it('is free once released, and the epoch still grows', () =>
      using(async (leases) => {
        const first = await leases.acquire('host/a', 'one', SPAN, deadline())
        assert.ok(first)
        await leases.release(first, deadline())
        assert.equal(await leases.renew(first, SPAN, deadline()), 'lost')
        const second = await leases.acquire('host/a', 'two', SPAN, deadline())
        assert.ok(second && second.epoch > first.epoch)
      }))

    it('is not ended by the release of an older lease', () =>
      using(async (leases, clock) => {
        const first = await leases.acquire('host/a', 'one', SPAN, deadline())
        clock.advance(SPAN)
        const second = await leases.acquire('host/a', 'one', SPAN, deadline())
        assert.ok(first && second)
        await leases.release(first, deadline())
        assert.equal(await leases.acquire('host/a', 'two', SPAN, deadline()), undefined)
        assert.equal(await leases.renew(second, SPAN, deadline()), 'renewed')
      }))

    it('does nothing for who has given up', () =>
      using(async (leases) => {
        const reason = new Error('given up')
        await assert.rejects(leases.acquire('host/a', 'one', SPAN, AbortSignal.abort(reason)), (e) => e === reason)
        assert.ok(await leases.acquire('host/a', 'two', SPAN, deadline()))
      }))
  })
}
