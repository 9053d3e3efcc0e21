import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Host } from '@outrider/domain/hosts'
import type { HostQuery, InventoryStore } from '@outrider/domain/ports'
import { aGuid, aHost, otherProject, project } from '../fixtures.ts'
import { allPages, tx, type Using } from './using.ts'

// Ids, names, serials and times that sort differently; two were created at the same time, two have no serial.
const hosts: Host[] = [
  aHost(1, { name: 'Delta', serial: 'S-3', createdAt: 500 }),
  aHost(2, { name: 'alpha', serial: 'S-1', createdAt: 300, currentAmt: 'provisioned', state: 'onboarded' }),
  aHost(3, { name: 'Bravo', serial: 's-2', createdAt: 300, desiredAmt: 'provisioned', amtGuid: aGuid(99) }),
  withoutSerial(aHost(4, { name: 'echo-10', createdAt: 900, currentAmt: 'provisioned' })),
  withoutSerial(aHost(5, { name: 'echo-9', createdAt: 100 })),
]

function withoutSerial({ serial: _serial, ...host }: Host): Host {
  return host
}

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

const orders: Record<NonNullable<HostQuery['orderBy']>, (host: Host) => string | number> = {
  createdAt: (host) => host.createdAt,
  name: (host) => host.name,
  serial: (host) => host.serial ?? '',
}

const fill = (store: InventoryStore): Promise<void> =>
  tx(store, async (tables) => {
    for (const host of hosts) await tables.hosts.insert(host)
    await tables.hosts.insert(aHost(6, { project: otherProject }))
  })

export const hostListTests = (using: Using): void => {
  for (const [orderBy, key] of Object.entries(orders) as [keyof typeof orders, (host: Host) => string | number][])
    for (const descending of [false, true])
      for (const limit of [1, 2, 5, 50])
        it(`come by ${orderBy}, ${descending ? 'descending' : 'ascending'}, in pages of ${limit}`, () =>
          using(async (store) => {
            await fill(store)
            const expected = hosts.toSorted((a, b) => compare(key(a), key(b)) || compare(a.id, b.id))
            if (descending) expected.reverse()
            const listed = await allPages(store, (tables, after) =>
              tables.hosts.list(project, { orderBy, descending, limit, ...after }),
            )
            assert.deepEqual(listed, expected)
          }))

  it('come by time of creation where nothing is said', () =>
    using(async (store) => {
      await fill(store)
      const { items } = await tx(store, (tables) => tables.hosts.list(project, { limit: 2 }))
      assert.deepEqual(
        items.map(({ createdAt }) => createdAt),
        [100, 300],
      )
    }))

  const filters: NonNullable<HostQuery['where']>[] = [
    { name: 'alpha' },
    { serial: 'S-3' },
    { uuid: aGuid(3) },
    { amtGuid: aGuid(99) },
    { currentAmt: 'provisioned' },
    { desiredAmt: 'provisioned' },
    { state: 'onboarded' },
    { policy: 'follow' },
    { policy: 'keep-on' },
    { currentAmt: 'provisioned', state: 'registered' },
    { name: 'alpha', serial: 'S-3' },
    {},
  ]
  for (const where of filters)
    it(`are those that match ${JSON.stringify(where)}, and so are counted`, () =>
      using(async (store) => {
        await fill(store)
        const fits = (host: Host): boolean =>
          Object.entries(where).every(([field, value]) => host[field as keyof Host] === value)
        const listed = await allPages(store, (tables, after) =>
          tables.hosts.list(project, { where, limit: 2, ...after }),
        )
        assert.deepEqual(new Set(listed.map(({ id }) => id)), new Set(hosts.filter(fits).map(({ id }) => id)))
        assert.equal(await tx(store, (tables) => tables.hosts.count(project, where)), hosts.filter(fits).length)
      }))

  it('miss and repeat nothing while hosts come, change and go', () =>
    using(async (store) => {
      const first = Array.from({ length: 40 }, (_, n) =>
        aHost(2 * n, { name: `m-${(2 * n).toString().padStart(3, '0')}` }),
      )
      await tx(store, async (tables) => {
        for (const host of first) await tables.hosts.insert(host)
      })
      let round = 0
      const listed = await allPages(
        store,
        (tables, after) => tables.hosts.list(project, { orderBy: 'name', limit: 3, ...after }),
        () =>
          tx(store, async (tables) => {
            // One before, one behind the page just read; one gone that was read; one changed.
            round += 1
            for (const n of [2 * round + 1, 79 - 2 * round])
              await tables.hosts.insert(aHost(n, { name: `m-${n.toString().padStart(3, '0')}` }))
            await tables.hosts.delete(project, aHost(2 * (round - 1)).id)
            await tables.hosts.update(project, aHost(78).id, round, { desiredPower: 'on' }, 1)
          }),
      )
      const ids = listed.map(({ id }) => id)
      assert.equal(new Set(ids).size, ids.length)
      for (const { id } of first) assert.ok(ids.includes(id), id)
    }))

  it('end with a page that has no next, also where the last page is full', () =>
    using(async (store) => {
      await fill(store)
      const page = await tx(store, (tables) => tables.hosts.list(project, { limit: hosts.length }))
      assert.equal(page.items.length, hosts.length)
      assert.ok(!('next' in page))
    }))

  it('refuse a page of another order, or one that somebody made up', () =>
    using(async (store) => {
      await fill(store)
      const page = await tx(store, (tables) => tables.hosts.list(project, { orderBy: 'name', limit: 1 }))
      const cursors = [
        page.next,
        '',
        'nonsense',
        Buffer.from('[]').toString('base64url'),
        Buffer.from('{"a":1}').toString('base64url'),
      ]
      for (const after of cursors)
        await assert.rejects(
          tx(store, (tables) => tables.hosts.list(project, { orderBy: 'serial', limit: 1, after: after ?? '' })),
          { code: 'CURSOR_INVALID' },
        )
    }))

  it('show nothing of another project through its cursor', () =>
    using(async (store) => {
      await fill(store)
      const page = await tx(store, (tables) => tables.hosts.list(project, { limit: 1 }))
      const foreign = await tx(store, (tables) => tables.hosts.list(otherProject, { limit: 9, after: page.next ?? '' }))
      assert.ok(foreign.items.every((host) => host.project === otherProject))
    }))
}
