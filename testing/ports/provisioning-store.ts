import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type {
  AmtProfile,
  Catalogue,
  CiraConfig,
  DomainProfile,
  ProvisioningStore,
  Ticket,
} from '@outrider/domain/ports'
import { aGuid, deadline, type ManualClock, otherProject, project } from './fixtures.ts'

export interface OpenProvisioningStore {
  readonly store: ProvisioningStore
  /** The clock it was given. */
  readonly clock: ManualClock
  close(): Promise<void>
}

const ciraConfig = (name: string, fields: Partial<CiraConfig> = {}): CiraConfig => ({
  project,
  name,
  mpsAddress: 'mps.example',
  mpsPort: 4433,
  username: 'admin',
  commonName: 'mps.example',
  addressFormat: 201,
  authMethod: 2,
  mpsRootCertificate: '',
  proxyDetails: '',
  fixedPassword: false,
  version: 1,
  ...fields,
})

const profile = (name: string, fields: Partial<AmtProfile> = {}): AmtProfile => ({
  project,
  name,
  activation: 'ccmactivate',
  generateRandomPassword: true,
  generateRandomMebxPassword: true,
  ciraConfigName: 'default',
  tags: ['plant', 'edge'],
  dhcpEnabled: true,
  ipSyncEnabled: false,
  localWifiSyncEnabled: false,
  uefiWifiSyncEnabled: false,
  userConsent: 'All',
  iderEnabled: false,
  kvmEnabled: true,
  solEnabled: false,
  version: 1,
  ...fields,
})

const domain = (name: string, fields: Partial<DomainProfile> = {}): DomainProfile => ({
  project,
  name,
  suffix: 'example.org',
  storageFormat: 'string',
  expiresAt: 5000,
  rootName: 'Test Root',
  rootHashes: { sha1: 'aa', sha256: 'bb', sha384: 'cc' },
  secretVersion: 3,
  version: 1,
  ...fields,
})

const ticket = (n: number, fields: Partial<Ticket> = {}): Ticket => ({
  id: `ticket-${n}`,
  project,
  aliasHash: n.toString(16).padStart(64, '0'),
  purpose: 'activate',
  hostId: 'host-00000001',
  operationId: 'op-1',
  profileName: 'default',
  controlMode: 'client',
  expiresAt: 5000,
  state: 'open',
  steps: [],
  ...fields,
})

/** The behaviour of every `ProvisioningStore`. */
export const provisioningStoreSuite = (name: string, open: () => Promise<OpenProvisioningStore>): void => {
  describe(`${name} as ProvisioningStore`, () => {
    const using = async (work: (store: ProvisioningStore, clock: ManualClock) => Promise<void>): Promise<void> => {
      const { store, clock, close } = await open()
      try {
        await work(store, clock)
      } finally {
        await close()
      }
    }

    const catalogueTests = <T extends CiraConfig | AmtProfile | DomainProfile>(
      of: (store: ProvisioningStore) => Catalogue<T>,
      item: (name: string, fields?: Partial<T>) => T,
      changed: (item: T) => T,
    ): void => {
      it('give back an item as it was written', () =>
        using(async (store) => {
          assert.equal(await of(store).insert(item('default'), deadline()), 'inserted')
          assert.deepEqual(await of(store).get(project, 'default', deadline()), item('default'))
          assert.equal(await of(store).get(project, 'other', deadline()), undefined)
        }))

      it('are found in any case, and keep their own', () =>
        using(async (store) => {
          await of(store).insert(item('Default'), deadline())
          assert.equal((await of(store).get(project, 'dEFAULT', deadline()))?.name, 'Default')
          assert.equal(await of(store).insert(item('default'), deadline()), 'duplicate')
          assert.equal(await of(store).update(changed(item('DEFAULT')), 1, deadline()), 'updated')
          assert.equal((await of(store).get(project, 'default', deadline()))?.name, 'Default')
          assert.equal(await of(store).delete(project, 'default', deadline()), 'deleted')
        }))

      it('take a name once in a project', () =>
        using(async (store) => {
          await of(store).insert(item('default'), deadline())
          assert.equal(await of(store).insert(changed(item('default')), deadline()), 'duplicate')
          assert.deepEqual(await of(store).get(project, 'default', deadline()), item('default'))
        }))

      it('change an item of the expected version, which grows by one', () =>
        using(async (store) => {
          await of(store).insert(item('default'), deadline())
          const after = changed(item('default'))
          assert.equal(await of(store).update(after, 1, deadline()), 'updated')
          assert.deepEqual(await of(store).get(project, 'default', deadline()), { ...after, version: 2 })
          assert.equal(await of(store).update(item('default'), 1, deadline()), 'stale')
          assert.equal(await of(store).update(item('nobody'), 1, deadline()), 'missing')
          assert.deepEqual(await of(store).get(project, 'default', deadline()), { ...after, version: 2 })
        }))

      it('let one of many win who change the same version', () =>
        using(async (store) => {
          await of(store).insert(item('default'), deadline())
          const outcomes = await Promise.all(
            Array.from({ length: 10 }, () => of(store).update(changed(item('default')), 1, deadline())),
          )
          assert.equal(outcomes.filter((outcome) => outcome === 'updated').length, 1)
          assert.equal(outcomes.filter((outcome) => outcome === 'stale').length, 9)
        }))

      it('list by name, and count', () =>
        using(async (store) => {
          for (const name of ['c', 'a', 'B', 'd']) await of(store).insert(item(name), deadline())
          const names = async (skip: number, limit: number): Promise<string[]> =>
            (await of(store).list(project, skip, limit, deadline())).map((one) => one.name)
          assert.deepEqual(await names(0, 9), ['a', 'B', 'c', 'd'])
          assert.deepEqual(await names(1, 2), ['B', 'c'])
          assert.deepEqual(await names(9, 2), [])
          assert.equal(await of(store).count(project, deadline()), 4)
        }))

      it('delete an item once', () =>
        using(async (store) => {
          await of(store).insert(item('default'), deadline())
          assert.equal(await of(store).delete(project, 'default', deadline()), 'deleted')
          assert.equal(await of(store).delete(project, 'default', deadline()), 'missing')
          assert.equal(await of(store).count(project, deadline()), 0)
        }))

      it('show and lend a project nothing of another', () =>
        using(async (store) => {
          await of(store).insert(item('default'), deadline())
          const theirs = { ...changed(item('default')), project: otherProject }
          assert.equal(await of(store).get(otherProject, 'default', deadline()), undefined)
          assert.equal(await of(store).update(theirs, 1, deadline()), 'missing')
          assert.equal(await of(store).delete(otherProject, 'default', deadline()), 'missing')
          assert.deepEqual(await of(store).list(otherProject, 0, 9, deadline()), [])
          assert.equal(await of(store).count(otherProject, deadline()), 0)
          assert.equal(await of(store).insert(theirs, deadline()), 'inserted')
          assert.deepEqual(await of(store).get(project, 'default', deadline()), item('default'))
        }))
    }

    describe('CIRA configs', () =>
      catalogueTests<CiraConfig>(
        (store) => store.ciraConfigs,
        ciraConfig,
        (item) => ({ ...item, mpsPort: 4434 }),
      ))

    describe('profiles', () => {
      catalogueTests<AmtProfile>(
        (store) => store.profiles,
        profile,
        (item) => ({ ...item, tags: [], tlsMode: 1 }),
      )

      it('are not CIRA configs of the same name', () =>
        using(async (store) => {
          await store.profiles.insert(profile('default'), deadline())
          assert.equal(await store.ciraConfigs.get(project, 'default', deadline()), undefined)
          assert.equal(await store.ciraConfigs.insert(ciraConfig('default'), deadline()), 'inserted')
          await store.ciraConfigs.delete(project, 'default', deadline())
          assert.deepEqual(await store.profiles.get(project, 'default', deadline()), profile('default'))
        }))
    })

    describe('domains', () => {
      const other = { sha1: '1', sha256: '2', sha384: '3' }
      // Each its own suffix, so that only the name can be a duplicate.
      catalogueTests<DomainProfile>(
        (store) => store.domains,
        (name, fields) => domain(name, { suffix: `${name}.example.org`, ...fields }),
        (item) => ({ ...item, expiresAt: 9000 }),
      )

      it('are found by suffix, in any case', () =>
        using(async ({ domains }) => {
          await domains.insert(domain('b', { suffix: 'Example.org' }), deadline())
          await domains.insert(domain('a', { suffix: 'lab.example.org' }), deadline())
          await domains.insert(domain('c', { suffix: 'example.net' }), deadline())
          const names = async (...suffixes: string[]): Promise<string[]> =>
            (await domains.bySuffix(project, suffixes, deadline())).map(({ name }) => name)
          assert.deepEqual(await names('LAB.example.org', 'example.ORG', 'org'), ['a', 'b'])
          assert.deepEqual(await names('org'), [])
          assert.deepEqual(await names(), [])
          assert.deepEqual(await domains.bySuffix(otherProject, ['example.org'], deadline()), [])
        }))

      it('have one for each root of a suffix', () =>
        using(async ({ domains }) => {
          assert.equal(await domains.insert(domain('a'), deadline()), 'inserted')
          assert.equal(await domains.insert(domain('b', { suffix: 'EXAMPLE.org' }), deadline()), 'duplicate')
          assert.equal(await domains.insert(domain('b', { rootHashes: other }), deadline()), 'inserted')
          assert.equal(await domains.update(domain('b'), 1, deadline()), 'duplicate')
          assert.deepEqual(await domains.get(project, 'b', deadline()), domain('b', { rootHashes: other }))
          assert.equal(await domains.update(domain('a', { expiresAt: 7 }), 1, deadline()), 'updated')
        }))

      it('are found by when they expire, in every project', () =>
        using(async ({ domains }) => {
          await domains.insert(domain('a', { expiresAt: 10 }), deadline())
          await domains.insert(domain('b', { expiresAt: 20, rootHashes: other, project: otherProject }), deadline())
          const before = async (at: number): Promise<string[]> =>
            (await domains.expiring(at, deadline())).map(({ name }) => name).toSorted()
          assert.deepEqual(await before(10), [])
          assert.deepEqual(await before(11), ['a'])
          assert.deepEqual(await before(21), ['a', 'b'])
        }))
    })

    describe('tickets', () => {
      const full = ticket(1, {
        purpose: 'deactivate',
        hostUuid: aGuid(1),
        amtGuid: aGuid(2),
        reachedMode: 'none',
        cira: true,
        steps: [{ at: 1, step: 's', message: 'm' }],
        fault: { kind: 'device', code: 'C', message: 'm', remedy: 'r', detail: { a: 1, b: true } },
      })

      it('are given back as they were written', () =>
        using(async ({ tickets }) => {
          await tickets.insert(full, deadline())
          assert.deepEqual(await tickets.get(project, full.id, deadline()), full)
          assert.equal(await tickets.get(project, 'ticket-9', deadline()), undefined)
        }))

      it('are taken once, however many ask at once', () =>
        using(async ({ tickets }) => {
          await tickets.insert(ticket(1), deadline())
          const got = await Promise.all(
            Array.from({ length: 20 }, () => tickets.take(ticket(1).aliasHash, 4000, deadline())),
          )
          assert.deepEqual(
            got.filter((one) => one !== undefined),
            [ticket(1, { state: 'running' })],
          )
          assert.deepEqual(await tickets.get(project, 'ticket-1', deadline()), ticket(1, { state: 'running' }))
        }))

      it('are not taken where they are unknown, expired or not open', () =>
        using(async ({ tickets }) => {
          assert.equal(await tickets.take(ticket(1).aliasHash, 1, deadline()), undefined)
          await tickets.insert(ticket(1), deadline())
          assert.equal(await tickets.take(ticket(1).aliasHash, 5000, deadline()), undefined)
          for (const [n, state] of (['running', 'succeeded', 'failed', 'revoked'] as const).entries()) {
            await tickets.insert(ticket(10 + n, { state }), deadline())
            assert.equal(await tickets.take(ticket(10 + n).aliasHash, 1, deadline()), undefined, state)
          }
          assert.ok(await tickets.take(ticket(1).aliasHash, 4999, deadline()))
        }))

      it('change in what the change names', () =>
        using(async ({ tickets }) => {
          await tickets.insert(ticket(1), deadline())
          const steps = [{ at: 1, step: 'admitted', message: 'm' }]
          await tickets.update(project, 'ticket-1', { steps, amtGuid: aGuid(3) }, deadline())
          await tickets.update(
            project,
            'ticket-1',
            { state: 'succeeded', reachedMode: 'client', cira: false },
            deadline(),
          )
          assert.deepEqual(
            await tickets.get(project, 'ticket-1', deadline()),
            ticket(1, { steps, amtGuid: aGuid(3), state: 'succeeded', reachedMode: 'client', cira: false }),
          )
          await tickets.update(project, 'ticket-9', { state: 'failed' }, deadline())
        }))

      it('lose no change of two who write different fields at once', () =>
        using(async ({ tickets }) => {
          await tickets.insert(ticket(1), deadline())
          await Promise.all([
            tickets.update(project, 'ticket-1', { amtGuid: aGuid(3) }, deadline()),
            tickets.update(project, 'ticket-1', { cira: true }, deadline()),
            tickets.update(project, 'ticket-1', { reachedMode: 'client' }, deadline()),
          ])
          assert.deepEqual(
            await tickets.get(project, 'ticket-1', deadline()),
            ticket(1, { amtGuid: aGuid(3), cira: true, reachedMode: 'client' }),
          )
        }))

      it('are forgotten once they ended, or expired, long enough ago', () =>
        using(async ({ tickets }, clock) => {
          const now = clock.now()
          await tickets.insert(ticket(1, { expiresAt: now + 90_000 }), deadline())
          await tickets.insert(ticket(2, { expiresAt: now + 90_000 }), deadline())
          await tickets.insert(ticket(3, { expiresAt: now - 1 }), deadline())
          await tickets.insert(ticket(4, { expiresAt: now + 90_000 }), deadline())
          await tickets.update(project, 'ticket-1', { state: 'failed' }, deadline())
          clock.advance(1000)
          await tickets.update(project, 'ticket-2', { state: 'revoked' }, deadline())
          // A later note does not make it end later.
          await tickets.update(project, 'ticket-1', { steps: [] }, deadline())
          assert.equal(await tickets.purge(now + 1000, deadline()), 2)
          const left = await Promise.all([1, 2, 3, 4].map((n) => tickets.get(project, `ticket-${n}`, deadline())))
          assert.deepEqual(
            left.map((one) => one?.id),
            [undefined, 'ticket-2', undefined, 'ticket-4'],
          )
        }))

      it('show and lend a project nothing of another', () =>
        using(async ({ tickets }) => {
          await tickets.insert(ticket(1), deadline())
          assert.equal(await tickets.get(otherProject, 'ticket-1', deadline()), undefined)
          await tickets.update(otherProject, 'ticket-1', { state: 'revoked' }, deadline())
          assert.deepEqual(await tickets.get(project, 'ticket-1', deadline()), ticket(1))
        }))
    })
  })
}
