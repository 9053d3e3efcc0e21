import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { AuditEntry } from '@outrider/domain/ports'
import { otherProject, project } from '../fixtures.ts'
import { allPages, tx, type Using } from './using.ts'

const entry = (n: number, fields: Partial<AuditEntry> = {}): AuditEntry => ({
  at: 1000,
  project,
  subject: `user-${n}`,
  name: 'Ada',
  from: '10.0.0.1',
  act: 'power-off',
  outcome: 'requested',
  ...fields,
})

export const auditTests = (using: Using): void => {
  it('gives back what was recorded, newest first, of the same millisecond, too', () =>
    using(async (store) => {
      const fault = { kind: 'denied', code: 'NOT_ALLOWED', message: 'm', remedy: 'r' } as const
      const entries = [
        entry(1),
        entry(2, { hostId: 'host-00000001', operationId: 'op-1', outcome: 'refused', fault }),
        entry(3, { at: 999 }),
        entry(4),
      ]
      await tx(store, async ({ audit }) => {
        for (const one of entries) await audit.append(one)
        await audit.append(entry(9, { project: otherProject }))
      })
      const listed = await allPages(store, ({ audit }, after) => audit.list(project, { limit: 2, ...after }))
      assert.deepEqual(listed, entries.toReversed())
    }))

  it('lists one host', () =>
    using(async (store) => {
      await tx(store, async ({ audit }) => {
        for (let n = 0; n < 9; n++) await audit.append(entry(n, { hostId: `host-${n % 3}` }))
      })
      const listed = await allPages(store, ({ audit }, after) =>
        audit.list(project, { hostId: 'host-1', limit: 2, ...after }),
      )
      assert.deepEqual(
        listed.map(({ subject }) => subject),
        ['user-7', 'user-4', 'user-1'],
      )
    }))

  it('shows nothing of another project', () =>
    using((store) =>
      tx(store, async ({ audit }) => {
        await audit.append(entry(1, { hostId: 'host-1' }))
        assert.deepEqual(await audit.list(otherProject, { limit: 9 }), { items: [] })
        assert.deepEqual(await audit.list(otherProject, { hostId: 'host-1', limit: 9 }), { items: [] })
      }),
    ))
}
