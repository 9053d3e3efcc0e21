import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Host, HostChange } from '@outrider/domain/hosts'
import type { HostKey } from '@outrider/domain/ports'
import { aGuid, aHost, otherProject, project } from '../fixtures.ts'
import { tx, type Using } from './using.ts'

/** A host with every field there is. */
const full: Host = aHost(1, {
  amtGuid: aGuid(0x1001),
  state: 'onboarded',
  desiredAmt: 'provisioned',
  currentAmt: 'unprovisioned',
  desiredControlMode: 'client',
  dnsSuffix: 'plant.example',
  desiredPower: 'on',
  currentPower: 'off',
  powerPolicy: 'ordered',
  policy: 'keep-on',
  powerOnAt: 5000,
  amtStatus: { text: 'Provisioning', indicator: 'in-progress', at: 4000 },
  detection: {
    support: 'amt',
    reason: 'AMT_READY',
    message: 'AMT 16 is ready.',
    amtGuid: aGuid(0x1001),
    amtVersion: '16.1.25',
    controlMode: 'none',
    remoteStatus: 'not-connected',
    at: 4500,
  },
  metadata: { rack: 'r1', 'odd "key"': 'ü 漢字 😀' },
})

/** A host with nothing that may be missing. */
const bare: Host = (() => {
  const { serial: _serial, uuid: _uuid, ...rest } = aHost(2)
  return rest
})()

const keysOf = (host: Host): HostKey[] => [
  { id: host.id },
  { name: host.name },
  { serial: host.serial! },
  { uuid: host.uuid! },
  { amtGuid: host.amtGuid! },
]

export const hostTests = (using: Using): void => {
  it('gives back a host as it was written, found by each of its keys', () =>
    using((store) =>
      tx(store, async ({ hosts }) => {
        assert.equal(await hosts.insert(full), 'inserted')
        for (const key of keysOf(full)) assert.deepEqual(await hosts.get(project, key), full)
      }),
    ))

  it('keeps fields that are absent absent', () =>
    using((store) =>
      tx(store, async ({ hosts }) => {
        await hosts.insert(bare)
        assert.deepEqual(await hosts.get(project, { id: bare.id }), bare)
      }),
    ))

  it('finds nothing by a key no host has', () =>
    using((store) =>
      tx(store, async ({ hosts }) => {
        await hosts.insert(bare)
        for (const key of keysOf(full)) assert.equal(await hosts.get(project, key), undefined)
      }),
    ))

  const taken: [field: 'id' | 'name' | 'serial' | 'uuid' | 'amtGuid', host: Partial<Host>][] = [
    ['id', { id: full.id }],
    ['name', { name: full.name }],
    ['serial', { serial: full.serial! }],
    ['uuid', { uuid: full.uuid! }],
    ['amtGuid', { amtGuid: full.amtGuid! }],
  ]
  for (const [field, fields] of taken)
    it(`says that the ${field} is taken, and writes nothing`, () =>
      using((store) =>
        tx(store, async ({ hosts }) => {
          await hosts.insert(full)
          assert.deepEqual(await hosts.insert(aHost(7, fields)), { duplicate: field })
          assert.equal(await hosts.count(project), 1)
          assert.deepEqual(await hosts.get(project, { id: full.id }), full)
        }),
      ))

  it('takes any number of hosts without serial, UUID or AMT GUID', () =>
    using((store) =>
      tx(store, async ({ hosts }) => {
        for (let n = 0; n < 3; n++) {
          const { serial: _serial, uuid: _uuid, ...host } = aHost(n)
          assert.equal(await hosts.insert(host), 'inserted')
        }
        assert.equal(await hosts.count(project), 3)
      }),
    ))

  it('changes only what the change names, raises the revision and notes when', () =>
    using((store) =>
      tx(store, async ({ hosts }) => {
        await hosts.insert(full)
        const change: HostChange = { desiredPower: 'off', metadata: { rack: 'r2' }, serial: 'SN-new' }
        const after = await hosts.update(project, full.id, 1, change, 9000)
        assert.deepEqual(after, { ...full, ...change, updatedAt: 9000, revision: 2 })
        assert.deepEqual(await hosts.get(project, { serial: 'SN-new' }), after)
        assert.equal(await hosts.get(project, { serial: full.serial! }), undefined)
      }),
    ))

  it('adds what was absent', () =>
    using((store) =>
      tx(store, async ({ hosts }) => {
        await hosts.insert(bare)
        const after = await hosts.update(project, bare.id, 1, { amtGuid: aGuid(9), powerOnAt: 1, uuid: aGuid(8) }, 9000)
        assert.deepEqual(after, {
          ...bare,
          amtGuid: aGuid(9),
          powerOnAt: 1,
          uuid: aGuid(8),
          updatedAt: 9000,
          revision: 2,
        })
        assert.deepEqual(await hosts.get(project, { amtGuid: aGuid(9) }), after)
      }),
    ))

  it('refuses a change of another revision, or of no host', () =>
    using((store) =>
      tx(store, async ({ hosts }) => {
        await hosts.insert(full)
        for (const revision of [0, 2])
          assert.equal(await hosts.update(project, full.id, revision, { name: 'x' }, 1), 'stale')
        assert.equal(await hosts.update(project, 'host-ffffffff', 1, { name: 'x' }, 1), 'missing')
        assert.deepEqual(await hosts.get(project, { id: full.id }), full)
      }),
    ))

  for (const field of ['name', 'serial', 'uuid', 'amtGuid'] as const)
    it(`refuses a change to a ${field} that is taken, and the transaction goes on`, () =>
      using(async (store) => {
        const other = aHost(5, { amtGuid: aGuid(0x1005) })
        await tx(store, async ({ hosts }) => {
          await hosts.insert(full)
          await hosts.insert(other)
          await hosts.update(project, other.id, 1, { desiredPower: 'reset' }, 8000)
          const outcome = await hosts.update(project, other.id, 2, { [field]: full[field] }, 9000)
          assert.deepEqual(outcome, { duplicate: field })
          await hosts.insert(aHost(6))
        })
        await tx(store, async ({ hosts }) => {
          const expected = { ...other, desiredPower: 'reset', updatedAt: 8000, revision: 2 }
          assert.deepEqual(await hosts.get(project, { id: other.id }), expected)
          assert.equal(await hosts.count(project), 3)
        })
      }))

  it('takes a change that names the values the host has', () =>
    using((store) =>
      tx(store, async ({ hosts }) => {
        await hosts.insert(full)
        const { name, serial, uuid, amtGuid } = full
        const same = { name, serial: serial!, uuid: uuid!, amtGuid: amtGuid! }
        assert.deepEqual(await hosts.update(project, full.id, 1, same, 9000), { ...full, updatedAt: 9000, revision: 2 })
      }),
    ))

  it('deletes a host once, and its keys are free again', () =>
    using((store) =>
      tx(store, async ({ hosts }) => {
        await hosts.insert(full)
        assert.equal(await hosts.delete(project, full.id), 'deleted')
        assert.equal(await hosts.delete(project, full.id), 'missing')
        for (const key of keysOf(full)) assert.equal(await hosts.get(project, key), undefined)
        assert.equal(await hosts.insert(full), 'inserted')
      }),
    ))

  it('shows and lends a project nothing of another', () =>
    using((store) =>
      tx(store, async ({ hosts }) => {
        await hosts.insert(full)
        for (const key of keysOf(full)) assert.equal(await hosts.get(otherProject, key), undefined)
        assert.equal(await hosts.update(otherProject, full.id, 1, { name: 'stolen' }, 1), 'missing')
        assert.equal(await hosts.delete(otherProject, full.id), 'missing')
        assert.equal(await hosts.count(otherProject), 0)
        assert.deepEqual(await hosts.list(otherProject, { limit: 9 }), { items: [] })
        // Not even by a refusal may it learn what the other has.
        const twin = { ...full, project: otherProject }
        assert.equal(await hosts.insert(twin), 'inserted')
        assert.deepEqual(await hosts.get(otherProject, { uuid: full.uuid! }), twin)
        await hosts.update(otherProject, full.id, 1, { name: 'mine' }, 1)
        assert.deepEqual(await hosts.get(project, { id: full.id }), full)
      }),
    ))
}
