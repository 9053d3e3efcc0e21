import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { hostId, isHostId, operationIds, randomGuid } from './ids.ts'

const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }

it('operation ids sort by the order of their making, also within a millisecond and when the clock steps back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 45 }), { maxLength: 30 }), (times) => {
      let at = 0
      const clock = { now: () => times[at]!, monotonic: () => 0, sleep: async () => undefined }
      const next = operationIds(clock, random)
      const ids = times.map((_, index) => {
        at = index
        return next()
      })
      assert.deepEqual(ids, [...ids].sort())
      assert.equal(new Set(ids).size, ids.length)
      for (const id of ids) assert.match(id, /^op-[0-9a-z]{20}$/)
    }),
  )
})

it('ids have the form clients expect', () => {
  assert.ok(isHostId(hostId(random)))
  assert.match(randomGuid(random), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
