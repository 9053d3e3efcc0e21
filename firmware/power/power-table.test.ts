import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ManualClock, timingOf } from '../index.ts'
import { machine } from '../test/bench.ts'
import { exercised } from '../test/rule-book.ts'
import { availablePowerStates, judgePowerRequest, type PowerSituation } from './power-table.ts'

const ON = 2
const SLEEP = 4
const HIBERNATE = 7
const OFF = 8

/** Return value of each request by state: without and with a program that carries out graceful requests. */
const table: readonly [request: number, power: number, without: number, withAgent: number][] = [
  [2, ON, 0, 0],
  [2, SLEEP, 0, 0],
  [2, HIBERNATE, 0, 0],
  [2, OFF, 0, 0],
  [2, 6, 0, 0],
  [5, ON, 0, 0],
  [5, SLEEP, 0, 0],
  [5, OFF, 4097, 4097],
  [8, ON, 0, 0],
  [8, SLEEP, 0, 0],
  [8, OFF, 4097, 4097],
  [8, HIBERNATE, 4097, 4097],
  [10, ON, 0, 0],
  [10, OFF, 4097, 4097],
  [11, ON, 0, 0],
  [11, OFF, 4097, 4097],
  [4, ON, 2, 0],
  [7, ON, 2, 0],
  [12, ON, 2, 0],
  [14, ON, 2, 0],
  [12, OFF, 4097, 4097],
  [14, OFF, 4097, 4097],
  [3, ON, 1, 1],
  [6, ON, 1, 1],
  [9, ON, 1, 1],
  [13, ON, 1, 1],
  [15, ON, 1, 1],
  [16, ON, 1, 1],
  [17, ON, 1, 1],
  [18, ON, 5, 5],
  [0, ON, 5, 5],
]

const outcome = (request: number, situation: PowerSituation): number => {
  const verdict = judgePowerRequest(request, situation)
  return verdict.is === 'accepted' ? 0 : verdict.returnValue
}

describe('power requests', () => {
  for (const [request, power, without, withAgent] of table)
    test(`${request} in state ${power}`, (t) => {
      exercised(t, 'power-table', 2)
      assert.equal(outcome(request, { power, busy: false, lmsPresent: false }), without)
      assert.equal(outcome(request, { power, busy: false, lmsPresent: true }), withAgent)
    })

  const situation = fc.record({
    power: fc.constantFrom(2, 3, 4, 6, 7, 8),
    busy: fc.constant(false),
    lmsPresent: fc.boolean(),
  })

  test('what is offered is accepted, and beyond it only power-up of a machine that is on', (t) => {
    exercised(t, 'power-available', 100)
    fc.assert(
      fc.property(situation, fc.integer({ min: 0, max: 20 }), (now, request) => {
        const offered = availablePowerStates(now).includes(request)
        assert.equal(outcome(request, now) === 0, offered || (request === 2 && now.power === 2))
      }),
    )
  })

  test('nothing is accepted while a transition is under way', (t) => {
    exercised(t, 'power-table', 100)
    fc.assert(
      fc.property(situation, fc.integer({ min: 0, max: 20 }), (now, request) => {
        assert.notEqual(outcome(request, { ...now, busy: true }), 0)
      }),
    )
  })
})

describe('a host with time', () => {
  const timed = (lmsPresent = true) => {
    const clock = new ManualClock()
    const firmware = machine({ clock, timing: 'real', lmsPresent })
    const { host, store } = firmware.device
    const request = (state: number): number => {
      const status = store.change(
        (draft) => host.request(draft, state),
        (result) => result === 0,
      )
      host.settle()
      return status
    }
    return { clock, firmware, request, power: () => store.now.host.power, os: () => store.now.host.os.running }
  }
  const { boot, shutdown, cycleOff } = timingOf('real')

  test('a power cycle is off for a while, then on, then up', async (t) => {
    exercised(t, 'power-time', 3)
    exercised(t, 'self-5')
    const { clock, firmware, request, power, os } = timed()
    assert.equal(request(5), 0)
    assert.equal(power(), OFF)
    assert.equal(request(2), 4099)
    clock.advance(cycleOff)
    assert.equal(power(), ON)
    assert.equal(os(), false)
    clock.advance(boot)
    assert.equal(os(), true)
    assert.equal(firmware.counters.powerCycle, 1)
    assert.equal(firmware.counters.powerOn, 0)
    await firmware.stop()
  })

  test('a graceful power-off takes as long as the operating system does', async (t) => {
    exercised(t, 'power-time', 2)
    const { clock, firmware, request, power } = timed()
    assert.equal(request(12), 0)
    clock.advance(shutdown - 1)
    assert.equal(power(), ON)
    clock.advance(1)
    assert.equal(power(), OFF)
    await firmware.stop()
  })

  test('a machine that boots accepts the next request at once, but no graceful one', async (t) => {
    exercised(t, 'power-time', 3)
    const { clock, firmware, request } = timed()
    assert.equal(request(10), 0)
    assert.equal(request(14), 2)
    assert.equal(request(10), 0)
    clock.advance(boot)
    assert.equal(request(14), 0)
    assert.equal(firmware.counters.reset, 2)
    await firmware.stop()
  })

  test('the button: off when on, on when off, and no act of AMT', async () => {
    const { clock, firmware, power } = timed(false)
    firmware.device.host.pressPowerButton()
    clock.advance(shutdown)
    assert.equal(power(), OFF)
    firmware.device.host.pressPowerButton()
    assert.equal(power(), ON)
    assert.deepEqual(
      Object.values(firmware.counters).filter((count) => count !== 0),
      [],
    )
    await firmware.stop()
  })
})
