import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guid } from '@outrider/protocols/values'
import fc from 'fast-check'
import { VirtualTime } from '../test/virtual-time.ts'
import { Dispatcher, type Verdict } from './dispatcher.ts'
import { Heap } from './heap.ts'
import { Interests } from './interests.ts'

const project = guid('11111111-1111-4111-8111-111111111111')
const ref = (number: number) => ({ project, hostId: `host-${number}` })
const random = { bytes: (length: number) => new Uint8Array(length).fill(128) }

test('a heap gives the earliest first', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (dues) => {
      const heap = new Heap<{ readonly due: number }>()
      for (const due of dues) heap.push({ due })
      const out = Array.from(dues, () => heap.pop()!.due)
      assert.deepEqual(
        out,
        [...dues].sort((a, b) => a - b),
      )
      assert.equal(heap.pop(), undefined)
    }),
  )
})

const dispatching = (parallel: number, drive: (hostId: string) => Promise<Verdict>) => {
  const time = new VirtualTime()
  const events: string[] = []
  let sleeps = 0
  const clock = {
    ...time.clock,
    sleep: (span: number, signal: AbortSignal) => {
      sleeps += 1
      return time.clock.sleep(span, signal)
    },
  }
  const emit = (name: string): void => {
    events.push(name)
  }
  const dispatcher = new Dispatcher({ clock, random, events: { emit } }, parallel, ({ hostId }) => drive(hostId))
  void dispatcher.run()
  return { time, dispatcher, events, sleeps: () => sleeps }
}

test('never two at one host, never more than allowed, and a call during work is not lost', async () => {
  const running = new Map<string, number>()
  let most = 0
  const done: string[] = []
  let release: (() => void)[] = []
  const { time, dispatcher } = dispatching(3, async (hostId) => {
    running.set(hostId, (running.get(hostId) ?? 0) + 1)
    assert.equal(running.get(hostId), 1)
    most = Math.max(
      most,
      [...running.values()].reduce((a, b) => a + b, 0),
    )
    await new Promise<void>((resolve) => release.push(resolve))
    running.set(hostId, 0)
    done.push(hostId)
    return { idle: true }
  })
  for (let round = 0; round < 3; round++) for (let host = 0; host < 5; host++) dispatcher.wake(ref(host))
  await time.settle()
  assert.equal(release.length, 3)
  dispatcher.wake(ref(0))
  while (release.length > 0) {
    const now = release
    release = []
    for (const resolve of now) resolve()
    await time.settle()
  }
  assert.equal(most, 3)
  // Those that ran were asked for again meanwhile, however often: one more look each. Those that waited were not.
  assert.deepEqual(done.sort(), ['host-0', 'host-0', 'host-1', 'host-1', 'host-2', 'host-2', 'host-3', 'host-4'])
  assert.equal(dispatcher.knows(ref(0)), false)
  await dispatcher.stop(0)
})

test('ten thousand hosts that wait cost one timer, and each is looked at when it is due', async () => {
  const looked = new Map<string, number>()
  const began = 1_700_000_000_000
  const { time, dispatcher, sleeps } = dispatching(256, async (hostId) => {
    const times = (looked.get(hostId) ?? 0) + 1
    looked.set(hostId, times)
    return times === 2 ? { idle: true } : { idle: false, until: began + 1000 + (Number(hostId.slice(5)) % 10) * 1000 }
  })
  for (let host = 0; host < 10_000; host++) dispatcher.wake(ref(host))
  await time.until(() => looked.size === 10_000, 1000)
  assert.ok(sleeps() < 50, `${sleeps()} timers`)
  await time.pass(5500)
  const again = [...looked].filter(([, times]) => times === 2).length
  assert.equal(again, 5000)
  await time.pass(10_000)
  assert.ok([...looked.values()].every((times) => times === 2))
  assert.ok(sleeps() < 200, `${sleeps()} timers`)
  await dispatcher.stop(0)
})

test('what fails is tried again, ever more slowly, and is told of', async () => {
  const at: number[] = []
  const { time, dispatcher, events } = dispatching(1, async () => {
    at.push(time.now)
    if (at.length < 5) throw new TypeError('broken')
    return { idle: true }
  })
  dispatcher.wake(ref(1))
  await time.until(() => at.length === 5, 60_000)
  const pauses = at.slice(1).map((now, index) => now - at[index]!)
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000])
  assert.equal(events.filter((name) => name === 'operation.interrupted').length, 4)
  await dispatcher.stop(0)
})

test('stopping lets what runs finish for a while, then ends it, and begins nothing', async () => {
  let ended = ''
  const time = new VirtualTime()
  const dispatcher = new Dispatcher({ clock: time.clock, random, events: { emit: () => {} } }, 1, async (_, signal) => {
    await time.clock.sleep(60_000, signal).catch(() => {
      ended = 'ended'
    })
    return { idle: true }
  })
  dispatcher.wake(ref(1))
  dispatcher.wake(ref(2))
  let stopped = false
  void dispatcher.stop(5000).then(() => {
    stopped = true
  })
  await time.pass(4000)
  assert.equal(stopped, false)
  await time.until(() => stopped, 2000)
  assert.equal(ended, 'ended')
})

test('interests find hosts by device and operation, and are forgotten whole', () => {
  const interests = new Interests()
  const device = guid('22222222-2222-4222-8222-222222222222')
  interests.set('a', project, [device], 'op-1')
  interests.set('b', project, [device], 'op-2')
  assert.deepEqual([...interests.ofDevice(project, device)], ['a', 'b'])
  assert.equal(interests.ofOperation('op-2'), 'b')
  interests.set('a', project, [], 'op-3')
  assert.deepEqual([...interests.ofDevice(project, device)], ['b'])
  assert.equal(interests.ofOperation('op-1'), undefined)
  interests.forget('b')
  assert.deepEqual([...interests.ofDevice(project, device)], [])
})
