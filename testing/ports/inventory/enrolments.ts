import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Enrolment } from '@outrider/domain/ports'
import { otherProject, project } from '../fixtures.ts'
import { tx, type Using } from './using.ts'

const enrolment = (n: number, fields: Partial<Enrolment> = {}): Enrolment => ({
  tokenHash: n.toString(16).padStart(64, '0'),
  project,
  hostId: 'host-00000001',
  expiresAt: 5000,
  ...fields,
})

export const enrolmentTests = (using: Using): void => {
  it('gives a token to the first who uses it, and to nobody else', () =>
    using(async (store) => {
      const one = enrolment(1)
      await tx(store, ({ enrolments }) => enrolments.insert(one))
      const uses = await Promise.all(
        Array.from({ length: 20 }, () => tx(store, ({ enrolments }) => enrolments.use(one.tokenHash, 4000))),
      )
      assert.deepEqual(
        uses.filter((use) => use !== undefined),
        [{ ...one, usedAt: 4000 }],
      )
    }))

  it('refuses a token that is unknown or expired', () =>
    using((store) =>
      tx(store, async ({ enrolments }) => {
        await enrolments.insert(enrolment(1))
        assert.equal(await enrolments.use(enrolment(2).tokenHash, 1), undefined)
        assert.equal(await enrolments.use(enrolment(1).tokenHash, 5000), undefined)
        assert.notEqual(await enrolments.use(enrolment(1).tokenHash, 4999), undefined)
      }),
    ))

  it('counts a use only if its transaction holds', () =>
    using(async (store) => {
      await tx(store, ({ enrolments }) => enrolments.insert(enrolment(1)))
      const attempt = tx(store, async ({ enrolments }) => {
        assert.ok(await enrolments.use(enrolment(1).tokenHash, 1))
        throw new Error('no credentials')
      })
      await assert.rejects(attempt)
      assert.ok(await tx(store, ({ enrolments }) => enrolments.use(enrolment(1).tokenHash, 2)))
    }))

  it('forgets the tokens of one host', () =>
    using((store) =>
      tx(store, async ({ enrolments }) => {
        await enrolments.insert(enrolment(1))
        await enrolments.insert(enrolment(2, { hostId: 'host-00000002' }))
        await enrolments.insert(enrolment(3, { project: otherProject }))
        await enrolments.deleteOf(project, 'host-00000001')
        assert.equal(await enrolments.use(enrolment(1).tokenHash, 1), undefined)
        assert.ok(await enrolments.use(enrolment(2).tokenHash, 1))
        assert.equal((await enrolments.use(enrolment(3).tokenHash, 1))?.project, otherProject)
      }),
    ))
}
