import assert from 'node:assert/strict'
import { type Duplex, duplexPair } from 'node:stream'
import { test } from 'node:test'
import { type Bytes, equalBytes, Fault } from '@outrider/protocols/values'
import fc from 'fast-check'
import { acceptCira, ciraLimits, dialCira } from './index.ts'
import { acceptOptions, deadline, dialOptions, HandClock, readAll, turn, until } from './test-kit.ts'

/** Carries bytes between two streams in pieces of other sizes, and breaks off after `cutAfter` of them. */
const disturb = (one: Duplex, other: Duplex, sizes: readonly number[], cutAfter: number): void => {
  let carried = 0
  let turns = 0
  const carry = (from: Duplex, to: Duplex) => {
    from.on('data', (chunk: Bytes) => {
      for (let at = 0; at < chunk.length && carried < cutAfter; ) {
        const size = Math.min(sizes[turns++ % sizes.length]!, chunk.length - at, cutAfter - carried)
        if (!to.destroyed && !to.writableEnded) to.write(chunk.subarray(at, at + size))
        at += size
        carried += size
      }
      if (carried < cutAfter) return
      one.destroy()
      other.destroy()
    })
    from.on('end', () => to.end())
    from.on('error', () => {})
    from.on('close', () => to.destroy())
  }
  carry(one, other)
  carry(other, one)
}

test('however the bytes are split and wherever they break off, all waits end and nothing stays', async () => {
  const runs = fc.asyncProperty(
    fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 5 }),
    fc.integer({ min: 1, max: 80_000 }),
    async (sizes, cutAfter) => {
      const clock = new HandClock()
      const [deviceEnd, toDevice] = duplexPair()
      const [serverEnd, toServer] = duplexPair()
      disturb(toDevice, toServer, sizes, cutAfter)
      const limits = { ...ciraLimits, window: 4000, chunk: 700 }
      const accepted = acceptCira(serverEnd, acceptOptions(clock.sweeper, { limits }), deadline())
      const dialed = dialCira(deviceEnd, dialOptions(clock.sweeper, { window: 3000 }), deadline())
      const block = Uint8Array.from({ length: 9000 }, (_, at) => at % 253)
      const use = async () => {
        const session = await accepted
        const carry = async (port: number) => {
          const channel = await session.openChannel(port, deadline())
          const [back] = await Promise.all([readAll(channel, block.length), channel.write(block, deadline())])
          assert.ok(equalBytes(back, block), 'bytes were changed')
          channel.close()
        }
        const all = await Promise.allSettled([16992, 16993, 16994].map(carry))
        session.close()
        await session.closed
        return all
      }
      const [used, tunnel] = await Promise.allSettled([use(), dialed])
      if (used.status === 'rejected') assert.ok(used.reason instanceof Fault, String(used.reason))
      else
        for (const each of used.value)
          assert.ok(each.status === 'fulfilled' || each.reason instanceof Fault, JSON.stringify(each))
      if (tunnel.status === 'fulfilled') await tunnel.value.closed
      else assert.ok(tunnel.reason instanceof Fault)
      await turn()
      clock.pass(10_000)
      await until(() => clock.sweeper.size === 0)
    },
  )
  await fc.assert(runs, { numRuns: 60 })
})
