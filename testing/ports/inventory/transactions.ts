import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { InventoryTables } from '@outrider/domain/ports'
import { aHost, anOperation, deadline, project } from '../fixtures.ts'
import { tx, type Using } from './using.ts'

export const transactionTests = (using: Using): void => {
  it('writes all or, where the work throws, nothing', () =>
    using(async (store) => {
      const failure = new Error('half-way')
      const attempt = tx(store, async (tables) => {
        await tables.hosts.insert(aHost(1))
        await tables.operations.insert(anOperation(1))
        await tables.audit.append({
          at: 1,
          project,
          subject: 's',
          name: 'n',
          from: 'f',
          act: 'a',
          outcome: 'requested',
        })
        throw failure
      })
      await assert.rejects(attempt, (error) => error === failure)
      await tx(store, async (tables) => {
        assert.equal(await tables.hosts.get(project, { id: aHost(1).id }), undefined)
        assert.equal(await tables.operations.get(project, anOperation(1).id), undefined)
        assert.deepEqual((await tables.audit.list(project, { limit: 9 })).items, [])
      })
    }))

  it('sees its own writes and gives back what the work returns', () =>
    using(async (store) => {
      const name = await tx(store, async (tables) => {
        await tables.hosts.insert(aHost(1))
        return (await tables.hosts.get(project, { id: aHost(1).id }))?.name
      })
      assert.equal(name, aHost(1).name)
    }))

  it('shows others nothing before it ends', () =>
    using(async (store) => {
      const seen = await Promise.all([
        tx(store, async (tables) => {
          await tables.hosts.insert(aHost(1))
          await tables.hosts.insert(aHost(2))
        }),
        ...Array.from({ length: 5 }, () => tx(store, (tables) => tables.hosts.count(project))),
      ])
      for (const count of seen.slice(1)) assert.ok(count === 0 || count === 2)
    }))

  it('lets one of two win who write the same revision', () =>
    using(async (store) => {
      await tx(store, (tables) => tables.hosts.insert(aHost(1)))
      const outcomes = await Promise.all(
        ['left', 'right'].map((name) =>
          tx(store, (tables) => tables.hosts.update(project, aHost(1).id, 1, { name }, 2000)),
        ),
      )
      assert.equal(outcomes.filter((outcome) => outcome === 'stale').length, 1)
      const host = await tx(store, (tables) => tables.hosts.get(project, { id: aHost(1).id }))
      assert.deepEqual(
        outcomes.find((outcome) => outcome !== 'stale'),
        host,
      )
      assert.equal(host?.revision, 2)
    }))

  it('loses no write of many who read and write at once', () =>
    using(async (store) => {
      await tx(store, (tables) => tables.hosts.insert(aHost(1, { metadata: { count: '0' } })))
      const raise = async (): Promise<void> => {
        for (;;) {
          const outcome = await tx(store, async ({ hosts }) => {
            const host = await hosts.get(project, { id: aHost(1).id })
            const count = `${Number(host?.metadata.count) + 1}`
            return hosts.update(project, aHost(1).id, host?.revision ?? 0, { metadata: { count } }, 2000)
          })
          if (outcome !== 'stale') return
        }
      }
      await Promise.all(Array.from({ length: 20 }, raise))
      const host = await tx(store, (tables) => tables.hosts.get(project, { id: aHost(1).id }))
      assert.equal(host?.metadata.count, '20')
      assert.equal(host?.revision, 21)
    }))

  it('ends, without a trace, when it is aborted, even while its work hangs', () =>
    using(async (store) => {
      const controller = new AbortController()
      const reason = new Error('enough')
      let kept: InventoryTables | undefined
      const attempt = store.transaction(async (tables) => {
        kept = tables
        await tables.hosts.insert(aHost(1))
        controller.abort(reason)
        await new Promise(() => undefined)
      }, controller.signal)
      await assert.rejects(attempt, (error) => error === reason)
      await tx(store, async (tables) => {
        assert.equal(await tables.hosts.count(project), 0)
        await tables.hosts.insert(aHost(2))
      })
      // Its tables are dead: what goes on after it writes nothing.
      await assert.rejects(Promise.resolve(kept?.hosts.insert(aHost(3))))
      assert.equal(await tx(store, (tables) => tables.hosts.count(project)), 1)
    }))

  it('does not begin for who has given up', () =>
    using(async (store) => {
      const reason = new Error('given up')
      let began = false
      const attempt = store.transaction(async () => {
        began = true
      }, AbortSignal.abort(reason))
      await assert.rejects(attempt, (error) => error === reason)
      assert.equal(began, false)
    }))

  it('refuses a transaction inside another instead of waiting for itself', () =>
    using(async (store) => {
      const outer = store.transaction(async () => {
        await tx(store, async () => undefined)
      }, deadline())
      await assert.rejects(outer, { code: 'DATABASE_NESTED' })
      await tx(store, async (tables) => assert.equal(await tables.hosts.count(project), 0))
    }))
}
