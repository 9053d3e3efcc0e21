import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Device, DeviceQuery, DeviceStore } from '@outrider/domain/ports'
import { aDevice, aGuid, deadline, otherProject, project } from './fixtures.ts'

export interface OpenDeviceStore {
  readonly store: DeviceStore
  close(): Promise<void>
}

const full: Device = aDevice(1, {
  hostname: 'line-1',
  friendlyName: 'Line 1',
  dnsSuffix: 'plant.example',
  tags: ['plant', 'edge'],
  deviceInfo: { fwVersion: '16.1.25', features: ['AMT'], nested: { on: true } },
  connected: true,
  mpsInstance: 'mps-a',
  lastConnected: 1000,
  lastSeen: 3000,
  lastDisconnected: 500,
})

/** The behaviour of every `DeviceStore`. */
export const deviceStoreSuite = (name: string, open: () => Promise<OpenDeviceStore>): void => {
  describe(`${name} as DeviceStore`, () => {
    const using = async (work: (store: DeviceStore) => Promise<void>): Promise<void> => {
      const { store, close } = await open()
      try {
        await work(store)
      } finally {
        await close()
      }
    }
    const fill = async (store: DeviceStore, devices: readonly Device[]): Promise<void> => {
      for (const device of devices) assert.equal(await store.put(device, deadline()), 'inserted')
    }

    it('gives back a device as it was written', () =>
      using(async (store) => {
        await fill(store, [full, aDevice(2)])
        for (const device of [full, aDevice(2)]) {
          assert.deepEqual(await store.get(project, device.guid, deadline()), device)
          assert.deepEqual(await store.byGuid(device.guid, deadline()), device)
        }
        assert.equal(await store.get(project, aGuid(9), deadline()), undefined)
        assert.equal(await store.byGuid(aGuid(9), deadline()), undefined)
      }))

    it('replaces a device whole', () =>
      using(async (store) => {
        await fill(store, [full])
        const after = aDevice(1, { tags: ['edge', 'new'] })
        assert.equal(await store.put(after, deadline()), 'updated')
        assert.deepEqual(await store.get(project, full.guid, deadline()), after)
        assert.deepEqual(await store.tags([project], deadline()), ['edge', 'new'])
      }))

    it('has a GUID in one project only, and says no more of it than that', () =>
      using(async (store) => {
        await fill(store, [full])
        const theirs = aDevice(1, { project: otherProject, tags: ['stolen'] })
        assert.equal(await store.put(theirs, deadline()), 'foreign')
        assert.deepEqual(await store.byGuid(full.guid, deadline()), full)
        assert.deepEqual(await store.tags([project, otherProject], deadline()), ['edge', 'plant'])
        assert.equal(await store.get(otherProject, full.guid, deadline()), undefined)
        assert.equal(await store.delete(otherProject, full.guid, deadline()), 'missing')
        assert.deepEqual(await store.list([otherProject], { limit: 9 }, deadline()), [])
        assert.equal(await store.count([otherProject], {}, deadline()), 0)
        assert.deepEqual(await store.tags([otherProject], deadline()), [])
        assert.deepEqual(await store.page(otherProject, undefined, 9, deadline()), { items: [] })
        assert.equal(await store.delete(project, full.guid, deadline()), 'deleted')
        assert.equal(await store.put(theirs, deadline()), 'inserted')
      }))

    it('is registered once by many at once', () =>
      using(async (store) => {
        const outcomes = await Promise.all(Array.from({ length: 10 }, () => store.put(full, deadline())))
        assert.equal(outcomes.filter((outcome) => outcome === 'inserted').length, 1)
        assert.equal(outcomes.filter((outcome) => outcome === 'updated').length, 9)
        assert.deepEqual(await store.get(project, full.guid, deadline()), full)
      }))

    it('deletes a device once, with its tags', () =>
      using(async (store) => {
        await fill(store, [full])
        assert.equal(await store.delete(project, full.guid, deadline()), 'deleted')
        assert.equal(await store.delete(project, full.guid, deadline()), 'missing')
        assert.equal(await store.byGuid(full.guid, deadline()), undefined)
        assert.deepEqual(await store.tags([project], deadline()), [])
      }))

    it('keeps any tag apart from every other', () =>
      using(async (store) => {
        const tags = ['a', 'A', 'a,b', 'ü', '%', ' ', 'a']
        await fill(store, [aDevice(1, { tags })])
        assert.deepEqual((await store.get(project, aGuid(1), deadline()))?.tags, tags)
        assert.deepEqual(new Set(await store.tags([project], deadline())), new Set(tags))
        assert.equal(await store.count([project], { tags: { any: ['b'] } }, deadline()), 0)
        assert.equal(await store.count([project], { tags: { all: ['a,b', '%'] } }, deadline()), 1)
      }))

    it('takes and finds as many tags as there are', () =>
      using(async (store) => {
        const tags = Array.from({ length: 12_000 }, (_, n) => `tag ${n}`)
        await fill(store, [aDevice(1, { tags }), aDevice(2, { tags: tags.slice(1) })])
        const all = tags.slice(0, 2_000)
        assert.equal(await store.count([project], { tags: { all: [...all, ...all] } }, deadline()), 1)
        assert.equal(await store.count([project], { tags: { any: all } }, deadline()), 2)
      }))

    const many: Device[] = Array.from({ length: 12 }, (_, n) =>
      aDevice(n, {
        project: n % 4 === 3 ? otherProject : project,
        hostname: `host-${n % 5}`,
        friendlyName: `Friend ${n % 3}`,
        connected: n % 2 === 0,
        tags: [...(n % 2 === 0 ? ['even'] : []), ...(n % 3 === 0 ? ['third'] : [])],
      }),
    )
    const queries: Omit<DeviceQuery, 'limit' | 'skip'>[] = [
      {},
      { connected: true },
      { connected: false },
      { hostname: 'host-1' },
      { hostname: 'HOST-1' },
      { friendlyName: 'Friend 2' },
      { hostname: 'host-1', friendlyName: 'Friend 1' },
      { tags: { any: ['even', 'third'] } },
      { tags: { all: ['even', 'third'] } },
      { tags: { any: ['even'], all: ['third'] }, connected: true },
      { tags: { any: [], all: [] } },
      { tags: { any: ['nobody'] } },
    ]
    for (const query of queries)
      it(`lists and counts ${JSON.stringify(query)}`, () =>
        using(async (store) => {
          await fill(store, many)
          const { any = [], all = [] } = query.tags ?? {}
          for (const projects of [[project], [otherProject], [project, otherProject], []]) {
            const expected = many.filter(
              (device) =>
                projects.includes(device.project) &&
                (query.connected === undefined || device.connected === query.connected) &&
                (query.hostname === undefined || device.hostname === query.hostname) &&
                (query.friendlyName === undefined || device.friendlyName === query.friendlyName) &&
                (any.length === 0 || any.some((tag) => device.tags.includes(tag))) &&
                all.every((tag) => device.tags.includes(tag)),
            )
            assert.deepEqual(await store.list(projects, { ...query, limit: 99 }, deadline()), expected)
            assert.deepEqual(
              await store.list(projects, { ...query, skip: 1, limit: 2 }, deadline()),
              expected.slice(1, 3),
            )
            assert.equal(await store.count(projects, query, deadline()), expected.length)
          }
        }))

    it('names the tags of the projects asked for, each once, in order', () =>
      using(async (store) => {
        await fill(store, [
          aDevice(1, { tags: ['b', 'a'] }),
          aDevice(2, { tags: ['b', 'C'] }),
          aDevice(3, { tags: ['theirs'], project: otherProject }),
        ])
        assert.deepEqual(await store.tags([project], deadline()), ['C', 'a', 'b'])
        assert.deepEqual(await store.tags([project, otherProject], deadline()), ['C', 'a', 'b', 'theirs'])
        assert.deepEqual(await store.tags([], deadline()), [])
      }))

    it('pages without missing or repeating while devices come and go', () =>
      using(async (store) => {
        const first = Array.from({ length: 20 }, (_, n) => aDevice(2 * n))
        await fill(store, [...first, aDevice(1001, { project: otherProject })])
        const seen: string[] = []
        let after: string | undefined
        for (let round = 1; ; round++) {
          const page = await store.page(project, after, 3, deadline())
          seen.push(...page.items.map(({ guid }) => guid))
          if (page.next === undefined) break
          after = page.next
          await store.put(aDevice(2 * round - 1), deadline())
          await store.delete(project, aGuid(2 * (round - 1)), deadline())
        }
        assert.equal(new Set(seen).size, seen.length)
        for (const { guid } of first) assert.ok(seen.includes(guid))
        assert.ok(!seen.includes(aGuid(1001)))
      }))

    it('refuses a page somebody made up', () =>
      using(async (store) => {
        await assert.rejects(store.page(project, 'nonsense', 3, deadline()), { code: 'CURSOR_INVALID' })
      }))

    it('writes many presence changes at once and touches nothing else', () =>
      using(async (store) => {
        await fill(store, [full, aDevice(2), aDevice(3, { project: otherProject })])
        await store.flushSeen(
          [
            { guid: aGuid(1), connected: false, lastDisconnected: 7000 },
            { guid: aGuid(2), connected: true, mpsInstance: 'mps-b', lastConnected: 6000, lastSeen: 6500 },
            { guid: aGuid(3), connected: true, mpsInstance: 'mps-b', lastConnected: 6001 },
            { guid: aGuid(404), connected: true, lastSeen: 1 },
          ],
          deadline(),
        )
        const { mpsInstance: _instance, ...rest } = full
        assert.deepEqual(await store.byGuid(aGuid(1), deadline()), {
          ...rest,
          connected: false,
          lastDisconnected: 7000,
        })
        assert.deepEqual(
          await store.byGuid(aGuid(2), deadline()),
          aDevice(2, { connected: true, mpsInstance: 'mps-b', lastConnected: 6000, lastSeen: 6500 }),
        )
        assert.equal((await store.byGuid(aGuid(3), deadline()))?.lastConnected, 6001)
        assert.equal(await store.byGuid(aGuid(404), deadline()), undefined)
      }))

    it('keeps what a presence change does not say, and counts the last of a device', () =>
      using(async (store) => {
        await fill(store, [full])
        await store.flushSeen(
          [
            { guid: full.guid, connected: false, lastDisconnected: 8000 },
            { guid: full.guid, connected: true, lastSeen: 9000 },
          ],
          deadline(),
        )
        assert.deepEqual(await store.byGuid(full.guid, deadline()), {
          ...full,
          connected: true,
          lastSeen: 9000,
          lastDisconnected: 8000,
        })
        await store.flushSeen([], deadline())
      }))

    it('writes the presence of thousands', () =>
      using(async (store) => {
        for (const n of [0, 1200, 2499]) await store.put(aDevice(n), deadline())
        const seen = Array.from({ length: 2500 }, (_, n) => ({ guid: aGuid(n), connected: true, lastSeen: 1000 + n }))
        await store.flushSeen(seen, deadline())
        for (const n of [0, 1200, 2499]) assert.equal((await store.byGuid(aGuid(n), deadline()))?.lastSeen, 1000 + n)
        assert.equal(await store.count([project], { connected: true }, deadline()), 3)
      }))

    it('does nothing for who has given up', () =>
      using(async (store) => {
        const reason = new Error('given up')
        await assert.rejects(store.put(full, AbortSignal.abort(reason)), (error) => error === reason)
        assert.equal(await store.byGuid(full.guid, deadline()), undefined)
      }))
  })
}
