import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault } from '@outrider/protocols/values'
import fc from 'fast-check'
import { credited, drained, openWindow, portion, received } from './index.ts'

const isFault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code

describe('window', () => {
  test('grants what was drained once it is more than half', () => {
    const half = drained(received(openWindow(100), 60), 50)
    assert.deepEqual(half, [{ size: 100, left: 40, owed: 50 }, 0])
    assert.deepEqual(drained(half[0], 1), [{ size: 100, left: 91, owed: 0 }, 51])
  })

  test('more than was granted is a fault', () => {
    assert.throws(() => received(openWindow(10), 11), isFault('APF_WINDOW_OVERRUN'))
  })

  test('credit may reach 32 bits and not pass them', () => {
    assert.equal(credited(1, 0xfffffffe), 0xffffffff)
    assert.throws(() => credited(1, 0xffffffff), isFault('APF_WINDOW_OVERFLOW'))
  })

  test('no byte is lost: what may still come, what is unread and what is owed are the window', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.array(fc.tuple(fc.boolean(), fc.nat(500)), { maxLength: 60 }),
        (size, events) => {
          let window = openWindow(size)
          let unread = 0
          for (const [isData, count] of events) {
            if (isData) {
              const bytes = Math.min(count, window.left)
              window = received(window, bytes)
              unread += bytes
            } else {
              const bytes = Math.min(count, unread)
              window = drained(window, bytes)[0]
              unread -= bytes
            }
            assert.equal(window.left + unread + window.owed, size)
            assert.ok(window.left >= 0)
          }
        },
      ),
    )
  })

  test('a sender and a receiver never both wait', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 16, max: 5000 }),
        fc.integer({ min: 16, max: 5000 }),
        fc.integer({ min: 1, max: 20_000 }),
        (size, most, total) => {
          let pending = total
          let credit = size
          let window = openWindow(size)
          for (let rounds = 0; pending > 0; rounds++) {
            assert.ok(rounds <= total, 'nothing moves any more')
            const count = portion(pending, credit, most)
            assert.ok(count > 0, `${pending} bytes wait with ${credit} of credit`)
            pending -= count
            credit -= count
            let grant: number
            ;[window, grant] = drained(received(window, count), count)
            credit = credited(credit, grant)
          }
        },
      ),
    )
  })

  test('a split leaves no tail of fewer than 5 bytes', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), fc.nat(300), (pending, credit, most) => {
        const count = portion(pending, credit, most)
        const tail = pending - count
        assert.ok(count <= Math.min(credit, most))
        assert.ok(tail === 0 || tail >= 5 || count === 0, `${count} of ${pending} leaves ${tail}`)
      }),
    )
  })
})
