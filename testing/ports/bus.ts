import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bus, BusTopics } from '@outrider/domain/ports'
import { deadline, eventually, otherProject, project } from './fixtures.ts'

export interface OpenBus {
  readonly bus: Bus
  /** What handlers threw so far. */
  readonly errors: readonly unknown[]
  close(): Promise<void>
}

type HostChanged = BusTopics['host.changed']

/** The behaviour of every `Bus`. */
export const busSuite = (name: string, open: () => Promise<OpenBus>): void => {
  describe(`${name} as Bus`, () => {
    const using = async (work: (opened: OpenBus) => Promise<void>): Promise<void> => {
      const opened = await open()
      try {
        await work(opened)
      } finally {
        await opened.close()
      }
    }

    it('hands every message to every subscriber of its topic, in the order of publishing', () =>
      using(async ({ bus }) => {
        const first: string[] = []
        const second: string[] = []
        collect(bus, first)
        collect(bus, second)
        bus.subscribe('ticket.changed', () => first.push('a message of another topic'))
        const sent = Array.from({ length: 200 }, (_, at) => `host-${at}`)
        for (const hostId of sent) bus.publish('host.changed', { project, hostId })
        await eventually(() => first.length >= sent.length && second.length >= sent.length)
        assert.deepEqual(first, sent)
        assert.deepEqual(second, sent)
      }))

    it('hands the message over as it was published', () =>
      using(async ({ bus }) => {
        const seen: HostChanged[] = []
        bus.subscribe('host.changed', (message) => seen.push(message))
        bus.publish('host.changed', { project: otherProject, hostId: 'host-1' })
        await eventually(() => seen.length > 0)
        assert.deepEqual(seen, [{ project: otherProject, hostId: 'host-1' }])
      }))

    it('never calls a handler from inside publish', () =>
      using(async ({ bus }) => {
        const seen: string[] = []
        collect(bus, seen)
        bus.publish('host.changed', { project, hostId: 'host-1' })
        assert.deepEqual(seen, [])
        await eventually(() => seen.length > 0)
      }))

    it('calls a handler no more once its subscription is disposed', () =>
      using(async ({ bus }) => {
        const gone: string[] = []
        const here: string[] = []
        const subscription = collect(bus, gone)
        collect(bus, here)
        bus.publish('host.changed', { project, hostId: 'host-1' })
        await eventually(() => gone.length === 1 && here.length === 1)
        subscription[Symbol.dispose]()
        subscription[Symbol.dispose]()
        bus.publish('host.changed', { project, hostId: 'host-2' })
        await eventually(() => here.length === 2)
        assert.deepEqual(gone, ['host-1'])
      }))

    it('delivers to the others and goes on where a handler throws', () =>
      using(async ({ bus, errors }) => {
        const seen: string[] = []
        const failure = new Error('a handler that breaks its promise')
        bus.subscribe('host.changed', () => {
          throw failure
        })
        collect(bus, seen)
        bus.publish('host.changed', { project, hostId: 'host-1' })
        bus.publish('host.changed', { project, hostId: 'host-2' })
        await eventually(() => seen.length === 2)
        assert.deepEqual(errors, [failure, failure])
      }))

    it('takes what a handler publishes', () =>
      using(async ({ bus }) => {
        const seen: string[] = []
        bus.subscribe('host.changed', ({ hostId }) => {
          if (hostId !== 'host-2') bus.publish('host.changed', { project, hostId: 'host-2' })
        })
        collect(bus, seen)
        bus.publish('host.changed', { project, hostId: 'host-1' })
        await eventually(() => seen.length === 2)
        assert.deepEqual(seen, ['host-1', 'host-2'])
      }))

    it('says that it is there', () =>
      using(async ({ bus }) => {
        assert.equal(await bus.health(deadline()), 'ok')
      }))
  })
}

const collect = (bus: Bus, into: string[]): Disposable =>
  bus.subscribe('host.changed', ({ hostId }) => {
    into.push(hostId)
  })
