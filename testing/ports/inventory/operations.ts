import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Operation } from '@outrider/domain/operations'
import type { InventoryStore, OperationQuery } from '@outrider/domain/ports'
import { anOperation, otherProject, project } from '../fixtures.ts'
import { allPages, tx, type Using } from './using.ts'

const full: Operation = anOperation(1, {
  kind: 'activate',
  controlMode: 'client',
  powerPolicy: 'ordered',
  idempotencyKey: 'key-1',
  life: 'running',
  attempt: 2,
  epoch: 3,
  lease: { holder: 'dm-manager-1', until: 9000 },
  actedAt: 2500,
  memo: { ticket: 'ticket-1' },
  steps: [{ at: 2000, step: 'order-offered', message: 'The agent has the order.' }],
})

export const operationTests = (using: Using): void => {
  it('gives back an operation as it was written', () =>
    using((store) =>
      tx(store, async ({ operations }) => {
        assert.equal(await operations.insert(full), 'inserted')
        assert.deepEqual(await operations.get(project, full.id), full)
        assert.equal(await operations.get(project, anOperation(2).id), undefined)
      }),
    ))

  it('answers an idempotency key that was used with its operation, and writes nothing', () =>
    using((store) =>
      tx(store, async ({ operations }) => {
        await operations.insert(full)
        const again = anOperation(2, { idempotencyKey: 'key-1', kind: 'reset' })
        assert.deepEqual(await operations.insert(again), { existing: full })
        assert.equal(await operations.get(project, again.id), undefined)
        assert.equal(await operations.insert(anOperation(3, { idempotencyKey: 'key-2' })), 'inserted')
      }),
    ))

  it('takes one of many with the same key at once', () =>
    using(async (store) => {
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          tx(store, ({ operations }) => operations.insert(anOperation(n, { idempotencyKey: 'key' }))),
        ),
      )
      assert.equal(outcomes.filter((outcome) => outcome === 'inserted').length, 1)
      const { items } = await tx(store, ({ operations }) => operations.list(project, { limit: 99 }))
      assert.equal(items.length, 1)
      for (const outcome of outcomes) if (outcome !== 'inserted') assert.deepEqual(outcome.existing, items[0])
    }))

  it('takes any number of operations without a key', () =>
    using((store) =>
      tx(store, async ({ operations }) => {
        for (let n = 0; n < 3; n++) assert.equal(await operations.insert(anOperation(n)), 'inserted')
      }),
    ))

  it('lets each project use a key for itself', () =>
    using((store) =>
      tx(store, async ({ operations }) => {
        await operations.insert(full)
        const theirs = { ...full, project: otherProject }
        assert.equal(await operations.insert(theirs), 'inserted')
        assert.deepEqual(
          await operations.insert({ ...anOperation(5), project: otherProject, idempotencyKey: 'key-1' }),
          {
            existing: theirs,
          },
        )
      }),
    ))

  it('changes what the change names, under its epoch, and adds steps behind those that are there', () =>
    using((store) =>
      tx(store, async ({ operations }) => {
        await operations.insert(full)
        const step = { at: 3000, step: 'rpc-started', message: 'RPC runs.' }
        const after = await operations.update(project, full.id, 4, {
          attempt: 3,
          memo: { ticket: 't2' },
          addSteps: [step],
        })
        const expected = {
          ...full,
          attempt: 3,
          memo: { ticket: 't2' },
          epoch: 4,
          steps: [...full.steps, step],
          revision: 2,
        }
        assert.deepEqual(after, expected)
        assert.deepEqual(await operations.get(project, full.id), expected)
      }),
    ))

  it('takes more writes of the same epoch, and none of an older one', () =>
    using((store) =>
      tx(store, async ({ operations }) => {
        await operations.insert(full)
        for (const attempt of [3, 4])
          assert.notEqual(await operations.update(project, full.id, 5, { attempt }), 'stale')
        assert.equal(await operations.update(project, full.id, 4, { attempt: 9, life: 'failed' }), 'stale')
        const now = await operations.get(project, full.id)
        assert.deepEqual([now?.attempt, now?.epoch, now?.life], [4, 5, 'running'])
      }),
    ))

  for (const life of ['succeeded', 'failed', 'refused', 'cancelled'] as const)
    it(`never changes an operation that ${life}`, () =>
      using((store) =>
        tx(store, async ({ operations }) => {
          await operations.insert(full)
          const fault = {
            kind: 'device',
            code: 'AMT_REFUSED',
            message: 'm',
            remedy: 'r',
            detail: { status: 1 },
          } as const
          const ended = await operations.update(project, full.id, 3, { life, endedAt: 8000, fault })
          assert.deepEqual(ended, { ...full, life, endedAt: 8000, fault, revision: 2 })
          for (const epoch of [2, 3, 99])
            assert.equal(await operations.update(project, full.id, epoch, { life: 'running' }), 'ended')
          assert.deepEqual(await operations.get(project, full.id), ended)
        }),
      ))

  it('changes no operation that is not there, or of another project', () =>
    using((store) =>
      tx(store, async ({ operations }) => {
        await operations.insert(full)
        assert.equal(await operations.update(project, anOperation(7).id, 9, { attempt: 9 }), 'missing')
        assert.equal(await operations.update(otherProject, full.id, 9, { attempt: 9 }), 'missing')
        assert.equal(await operations.get(otherProject, full.id), undefined)
        assert.deepEqual(await operations.list(otherProject, { limit: 9 }), { items: [] })
        assert.deepEqual(await operations.get(project, full.id), full)
      }),
    ))

  it('loses no step of many writers', () =>
    using(async (store) => {
      await tx(store, ({ operations }) => operations.insert(anOperation(1)))
      await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          tx(store, ({ operations }) =>
            operations.update(project, anOperation(1).id, 1, { addSteps: [{ at: n, step: `s${n}`, message: '' }] }),
          ),
        ),
      )
      const now = await tx(store, ({ operations }) => operations.get(project, anOperation(1).id))
      assert.equal(new Set(now?.steps.map(({ step }) => step)).size, 20)
      assert.equal(now?.revision, 21)
    }))

  const lives = ['queued', 'running', 'succeeded', 'failed'] as const
  const kinds = ['power-on', 'reset', 'activate'] as const
  const many = Array.from({ length: 24 }, (_, n) =>
    anOperation(n, {
      hostId: `host-0000000${n % 2}`,
      life: lives[n % 4]!,
      kind: kinds[n % 3]!,
      // Some at the same millisecond.
      createdAt: 1000 + Math.floor(n / 3),
    }),
  )
  const fill = (store: InventoryStore): Promise<void> =>
    tx(store, async ({ operations }) => {
      for (const operation of many.toReversed()) await operations.insert(operation)
      await operations.insert(anOperation(0, { project: otherProject }))
    })

  const queries: Omit<OperationQuery, 'limit'>[] = [
    {},
    { order: 'oldest' },
    { order: 'newest', hostId: 'host-00000001' },
    { lives: ['queued', 'running'] },
    { lives: ['running', 'queued', 'running'], order: 'oldest' },
    { lives: ['succeeded'], kinds: ['reset', 'activate'] },
    { hostId: 'host-00000000', lives: ['queued', 'succeeded'], kinds: ['power-on'], order: 'oldest' },
    { kinds: ['activate'] },
    { kinds: [] },
    { lives: [] },
    { lives: ['cancelled'] },
  ]
  for (const query of queries)
    it(`lists ${JSON.stringify(query)} in pages`, () =>
      using(async (store) => {
        await fill(store)
        const expected = many.filter(
          ({ hostId, life, kind }) =>
            (query.hostId === undefined || query.hostId === hostId) &&
            (query.lives === undefined || query.lives.includes(life)) &&
            (query.kinds === undefined || query.kinds.includes(kind)),
        )
        if (query.order !== 'oldest') expected.reverse()
        for (const limit of [1, 5, 100]) {
          const listed = await allPages(store, ({ operations }, after) =>
            operations.list(project, { ...query, limit, ...after }),
          )
          assert.deepEqual(listed, expected)
        }
      }))

  it('misses and repeats nothing while operations come and change', () =>
    using(async (store) => {
      await fill(store)
      let next = 100
      const listed = await allPages(
        store,
        ({ operations }, after) => operations.list(project, { limit: 4, ...after }),
        () =>
          tx(store, async ({ operations }) => {
            await operations.insert(anOperation(next, { createdAt: 5000 + next }))
            await operations.update(project, many[0]!.id, 1, { attempt: next++ })
          }),
      )
      assert.deepEqual(
        listed.map(({ id }) => id),
        many.toReversed().map(({ id }) => id),
      )
    }))

  it('refuses a page of another order', () =>
    using(async (store) => {
      await fill(store)
      const { next } = await tx(store, ({ operations }) => operations.list(project, { limit: 1 }))
      await assert.rejects(
        tx(store, ({ operations }) => operations.list(project, { order: 'oldest', limit: 1, after: next ?? '' })),
        { code: 'CURSOR_INVALID' },
      )
    }))
}
