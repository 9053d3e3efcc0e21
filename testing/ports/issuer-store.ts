import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Account, IssuerRecord, IssuerStore } from '@outrider/domain/ports'
import { deadline, otherProject, project } from './fixtures.ts'

export interface OpenIssuerStore {
  readonly store: IssuerStore
  close(): Promise<void>
}

const account = (n: number, fields: Partial<Account> = {}): Account => ({
  id: `account-${n}`,
  kind: 'user',
  name: `user-${n}`,
  passwordHash: `scrypt$${n}`,
  grants: [{ project, role: 'operator' }],
  failedLogins: 0,
  createdAt: 1000 + n,
  ...fields,
})

const agent = (n: number, hostId: string, fields: Partial<Account> = {}): Account =>
  account(n, { kind: 'agent', hostId, grants: [{ project, role: 'agent' }], ...fields })

const record = (n: number, fields: Partial<IssuerRecord> = {}): IssuerRecord => ({
  model: 'RefreshToken',
  id: `record-${n}`,
  payload: { n, nested: { list: [1, 'two', null, true] } },
  ...fields,
})

/** The behaviour of every `IssuerStore`. */
export const issuerStoreSuite = (name: string, open: () => Promise<OpenIssuerStore>): void => {
  describe(`${name} as IssuerStore`, () => {
    const using = async (work: (store: IssuerStore) => Promise<void>): Promise<void> => {
      const { store, close } = await open()
      try {
        await work(store)
      } finally {
        await close()
      }
    }

    describe('accounts', () => {
      it('are found by id and by name as they were written', () =>
        using(async ({ accounts }) => {
          const all = [
            account(1),
            agent(2, 'host-1', { lockedUntil: 9000, failedLogins: 3 }),
            account(3, { grants: [] }),
          ]
          for (const one of all) assert.equal(await accounts.insert(one, deadline()), 'inserted')
          for (const one of all) {
            assert.deepEqual(await accounts.get(one.id, deadline()), one)
            assert.deepEqual(await accounts.byName(one.name, deadline()), one)
          }
          assert.equal(await accounts.get('account-9', deadline()), undefined)
          assert.equal(await accounts.byName('USER-1', deadline()), undefined)
        }))

      it('have an id and a name that nobody else has', () =>
        using(async ({ accounts }) => {
          await accounts.insert(account(1), deadline())
          assert.equal(await accounts.insert(account(1, { name: 'new' }), deadline()), 'duplicate')
          assert.equal(await accounts.insert(account(2, { name: 'user-1' }), deadline()), 'duplicate')
          assert.deepEqual(await accounts.get('account-1', deadline()), account(1))
        }))

      it('change in what the change names', () =>
        using(async ({ accounts }) => {
          await accounts.insert(account(1), deadline())
          assert.equal(
            await accounts.update('account-1', { failedLogins: 5, lockedUntil: 7000 }, deadline()),
            'updated',
          )
          assert.deepEqual(
            await accounts.get('account-1', deadline()),
            account(1, { failedLogins: 5, lockedUntil: 7000 }),
          )
          const grants = [{ project: otherProject, role: 'admin' }] as const
          await accounts.update('account-1', { passwordHash: 'new', grants, lockedUntil: 0 }, deadline())
          assert.deepEqual(
            await accounts.get('account-1', deadline()),
            account(1, { failedLogins: 5, lockedUntil: 0, passwordHash: 'new', grants }),
          )
          assert.equal(await accounts.update('account-1', {}, deadline()), 'updated')
          assert.equal(await accounts.update('account-9', { failedLogins: 1 }, deadline()), 'missing')
        }))

      it('are deleted once, and their name is free again', () =>
        using(async ({ accounts }) => {
          await accounts.insert(account(1), deadline())
          assert.equal(await accounts.delete('account-1', deadline()), 'deleted')
          assert.equal(await accounts.delete('account-1', deadline()), 'missing')
          assert.equal(await accounts.byName('user-1', deadline()), undefined)
          assert.equal(await accounts.insert(account(2, { name: 'user-1' }), deadline()), 'inserted')
        }))

      it('of a host are those of its project', () =>
        using(async ({ accounts }) => {
          const foreign = agent(3, 'host-1', { grants: [{ project: otherProject, role: 'agent' }] })
          for (const one of [account(0), agent(1, 'host-1'), agent(2, 'host-2'), foreign, agent(4, 'host-1')])
            await accounts.insert(one, deadline())
          assert.deepEqual(await accounts.ofHost(project, 'host-1', deadline()), [
            agent(1, 'host-1'),
            agent(4, 'host-1'),
          ])
          assert.deepEqual(await accounts.ofHost(otherProject, 'host-1', deadline()), [foreign])
          assert.deepEqual(await accounts.ofHost(project, 'host-9', deadline()), [])
        }))
    })

    describe('records', () => {
      const full = record(1, { grantId: 'g1', uid: 'u1', userCode: 'c1', consumedAt: 1, expiresAt: 9000 })

      it('are found as they were written, by model and id, by uid and by user code', () =>
        using(async ({ records }) => {
          await records.upsert(full, deadline())
          await records.upsert(record(2), deadline())
          assert.deepEqual(await records.find('RefreshToken', 'record-1', deadline()), full)
          assert.deepEqual(await records.find('RefreshToken', 'record-2', deadline()), record(2))
          assert.deepEqual(await records.findBy('RefreshToken', 'uid', 'u1', deadline()), full)
          assert.deepEqual(await records.findBy('RefreshToken', 'userCode', 'c1', deadline()), full)
          assert.equal(await records.find('Session', 'record-1', deadline()), undefined)
          assert.equal(await records.findBy('Session', 'uid', 'u1', deadline()), undefined)
          assert.equal(await records.findBy('RefreshToken', 'uid', 'c1', deadline()), undefined)
        }))

      it('are replaced whole', () =>
        using(async ({ records }) => {
          await records.upsert(full, deadline())
          const after = record(1, { payload: { other: true } })
          await records.upsert(after, deadline())
          assert.deepEqual(await records.find('RefreshToken', 'record-1', deadline()), after)
          assert.equal(await records.findBy('RefreshToken', 'uid', 'u1', deadline()), undefined)
        }))

      it('are marked consumed', () =>
        using(async ({ records }) => {
          await records.upsert(record(1), deadline())
          await records.consume('RefreshToken', 'record-1', 5000, deadline())
          assert.deepEqual(await records.find('RefreshToken', 'record-1', deadline()), record(1, { consumedAt: 5000 }))
        }))

      it('are destroyed one by one, and all of a grant', () =>
        using(async ({ records }) => {
          await records.upsert(record(1, { grantId: 'g1' }), deadline())
          await records.upsert(record(2, { grantId: 'g1', model: 'AccessToken' }), deadline())
          await records.upsert(record(3, { grantId: 'g2' }), deadline())
          await records.upsert(record(4, { grantId: 'g2' }), deadline())
          await records.revokeByGrant('g1', deadline())
          assert.equal(await records.find('RefreshToken', 'record-1', deadline()), undefined)
          assert.equal(await records.find('AccessToken', 'record-2', deadline()), undefined)
          await records.destroy('RefreshToken', 'record-3', deadline())
          assert.equal(await records.find('RefreshToken', 'record-3', deadline()), undefined)
          assert.ok(await records.find('RefreshToken', 'record-4', deadline()))
        }))

      it('are all revoked of an account', () =>
        using(async ({ records }) => {
          await records.upsert(record(1, { payload: { accountId: 'a1' } }), deadline())
          await records.upsert(record(2, { payload: { accountId: 'a1' }, model: 'Grant' }), deadline())
          await records.upsert(record(3, { payload: { accountId: 'a2', of: 'a1' } }), deadline())
          await records.upsert(record(4, { payload: {} }), deadline())
          await records.revokeByAccount('a1', deadline())
          assert.equal(await records.find('RefreshToken', 'record-1', deadline()), undefined)
          assert.equal(await records.find('Grant', 'record-2', deadline()), undefined)
          assert.ok(await records.find('RefreshToken', 'record-3', deadline()))
          assert.ok(await records.find('RefreshToken', 'record-4', deadline()))
        }))

      it('are purged when they have expired', () =>
        using(async ({ records }) => {
          await records.upsert(record(1, { expiresAt: 100 }), deadline())
          await records.upsert(record(2, { expiresAt: 200 }), deadline())
          await records.upsert(record(3), deadline())
          assert.equal(await records.purge(200, deadline()), 1)
          assert.equal(await records.find('RefreshToken', 'record-1', deadline()), undefined)
          assert.ok(await records.find('RefreshToken', 'record-2', deadline()))
          assert.ok(await records.find('RefreshToken', 'record-3', deadline()))
        }))
    })
  })
}
