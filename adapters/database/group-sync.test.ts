import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { GroupSync } from './group-sync.ts'

/** A disk whose syncs end when the test says so. */
const slowDisk = () => {
  const syncs: PromiseWithResolvers<void>[] = []
  const group = new GroupSync(() => {
    const sync = Promise.withResolvers<void>()
    syncs.push(sync)
    return sync.promise
  })
  return { group, syncs }
}

const state = (promise: Promise<void>): { done: boolean } => {
  const state = { done: false }
  promise.then(
    () => {
      state.done = true
    },
    () => undefined,
  )
  return state
}

describe('group sync', () => {
  it('syncs nothing where nothing was committed', async () => {
    const { group, syncs } = slowDisk()
    await group.settle()
    assert.equal(syncs.length, 0)
  })

  it('does not take a sync that began before a commit for one that covers it', async () => {
    const { group, syncs } = slowDisk()
    group.committed()
    const first = state(group.settle())
    group.committed()
    const second = state(group.settle())
    assert.equal(syncs.length, 1)
    syncs[0]?.resolve()
    await setImmediate()
    assert.deepEqual([first.done, second.done, syncs.length], [true, false, 2])
    syncs[1]?.resolve()
    await setImmediate()
    assert.equal(second.done, true)
  })

  it('covers all that came meanwhile by one more sync', async () => {
    const { group, syncs } = slowDisk()
    group.committed()
    const all = [group.settle()]
    for (let n = 0; n < 50; n++) {
      group.committed()
      all.push(group.settle())
    }
    syncs[0]?.resolve()
    await setImmediate()
    syncs[1]?.resolve()
    await Promise.all(all)
    assert.equal(syncs.length, 2)
  })

  it('lets a reader wait for what it may have seen', async () => {
    const { group, syncs } = slowDisk()
    group.committed()
    const writer = group.settle()
    const reader = state(group.settle())
    await setImmediate()
    assert.equal(reader.done, false)
    syncs[0]?.resolve()
    await writer
    await setImmediate()
    assert.equal(reader.done, true)
  })

  it('tells everybody who waited that the disk failed, and tries again for who comes next', async () => {
    const { group, syncs } = slowDisk()
    group.committed()
    const waiting = [group.settle(), group.settle()]
    const failure = new Error('EIO')
    syncs[0]?.reject(failure)
    for (const one of await Promise.allSettled(waiting)) assert.equal(one.status === 'rejected' && one.reason, failure)
    const again = group.settle()
    syncs[1]?.resolve()
    await again
  })
})
