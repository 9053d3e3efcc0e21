import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bus, BusTopics, Presence } from '@outrider/domain/ports'
import { aGuid, eventually, otherProject, project } from './fixtures.ts'

export interface OpenPresence {
  readonly presence: Presence
  /** The bus it publishes on. */
  readonly bus: Bus
  close(): Promise<void>
}

/** The behaviour of every `Presence`. */
export const presenceSuite = (name: string, open: () => Promise<OpenPresence>): void => {
  describe(`${name} as Presence`, () => {
    const using = async (
      work: (opened: OpenPresence, told: BusTopics['presence.changed'][]) => Promise<void>,
    ): Promise<void> => {
      const opened = await open()
      const told: BusTopics['presence.changed'][] = []
      const subscription = opened.bus.subscribe('presence.changed', (message) => told.push(message))
      try {
        await work(opened, told)
      } finally {
        subscription[Symbol.dispose]()
        await opened.close()
      }
    }

    it('knows nothing of a device without a tunnel', () =>
      using(async ({ presence }) => {
        assert.equal(await presence.get(project, aGuid(1)), undefined)
      }))

    it('tells who claimed a device, since when, and publishes it', () =>
      using(async ({ presence }, told) => {
        const { entry, displaced } = await presence.claim(project, aGuid(1), 'mps-a', 1000)
        assert.equal(displaced, undefined)
        assert.deepEqual(entry, { guid: aGuid(1), project, instance: 'mps-a', epoch: entry.epoch, since: 1000 })
        assert.deepEqual(await presence.get(project, aGuid(1)), entry)
        await eventually(() => told.length === 1)
        assert.deepEqual(told, [{ project, guid: aGuid(1), connected: true, epoch: entry.epoch, at: 1000 }])
      }))

    it('lets the newest claim win and names whom it displaced', () =>
      using(async ({ presence }) => {
        const older = await presence.claim(project, aGuid(1), 'mps-a', 1000)
        const newer = await presence.claim(project, aGuid(1), 'mps-b', 2000)
        assert.deepEqual(newer.displaced, older.entry)
        assert.ok(newer.entry.epoch > older.entry.epoch)
        assert.deepEqual(await presence.get(project, aGuid(1)), newer.entry)
      }))

    it('displaces the older tunnel of the same instance as well', () =>
      using(async ({ presence }) => {
        const older = await presence.claim(project, aGuid(1), 'mps-a', 1000)
        const newer = await presence.claim(project, aGuid(1), 'mps-a', 1001)
        assert.deepEqual(newer.displaced, older.entry)
      }))

    it('keeps the newer tunnel when the older one is released, and publishes nothing then', () =>
      using(async ({ presence }, told) => {
        const older = await presence.claim(project, aGuid(1), 'mps-a', 1000)
        const newer = await presence.claim(project, aGuid(1), 'mps-b', 2000)
        await presence.release(older.entry, 3000)
        assert.deepEqual(await presence.get(project, aGuid(1)), newer.entry)
        await presence.release(newer.entry, 4000)
        assert.equal(await presence.get(project, aGuid(1)), undefined)
        await eventually(() => told.length >= 3)
        assert.deepEqual(
          told.map(({ connected, epoch, at }) => ({ connected, epoch, at })),
          [
            { connected: true, epoch: older.entry.epoch, at: 1000 },
            { connected: true, epoch: newer.entry.epoch, at: 2000 },
            { connected: false, epoch: newer.entry.epoch, at: 4000 },
          ],
        )
      }))

    it('gives a device that returns a greater epoch than it ever had', () =>
      using(async ({ presence }) => {
        const first = await presence.claim(project, aGuid(1), 'mps-a', 1000)
        await presence.release(first.entry, 2000)
        const again = await presence.claim(project, aGuid(1), 'mps-a', 3000)
        assert.equal(again.displaced, undefined)
        assert.ok(again.entry.epoch > first.entry.epoch)
        await presence.release(first.entry, 4000)
        assert.deepEqual(await presence.get(project, aGuid(1)), again.entry)
      }))

    it('leaves exactly one winner of many claims at once', () =>
      using(async ({ presence }) => {
        const claims = await Promise.all(
          Array.from({ length: 20 }, (_, at) => presence.claim(project, aGuid(1), `mps-${at}`, at)),
        )
        const epochs = claims.map(({ entry }) => entry.epoch)
        assert.equal(new Set(epochs).size, 20)
        const newest = claims.find(({ entry }) => entry.epoch === Math.max(...epochs))
        assert.deepEqual(await presence.get(project, aGuid(1)), newest?.entry)
        assert.equal(claims.filter(({ displaced }) => displaced === undefined).length, 1)
      }))

    it('shows a project nothing of another', () =>
      using(async ({ presence }) => {
        const { entry } = await presence.claim(project, aGuid(1), 'mps-a', 1000)
        assert.equal(await presence.get(otherProject, aGuid(1)), undefined)
        await presence.release({ ...entry, project: otherProject }, 2000)
        assert.deepEqual(await presence.get(project, aGuid(1)), entry)
      }))
  })
}
