import type { Clock, Leases } from '@outrider/domain/ports'
import type { Connection } from './connection.ts'

/**
 * Leases as rows that stay when they are released, so that the epoch of a key never falls. Each act is one
 * statement, hence right among many processes; their clocks must agree to well within a lease.
 */
export const databaseLeases = (connection: Connection, clock: Clock): Leases => ({
  acquire: (key, holder, span, signal) =>
    connection.run(signal, async ({ db }) => {
      const now = clock.now()
      const until = now + span
      const row = await db
        .insertInto('lease')
        .values({ key, holder, epoch: 1, until })
        .onConflict((c) =>
          c
            .column('key')
            .doUpdateSet((eb) => ({ holder, epoch: eb('lease.epoch', '+', 1), until }))
            .where((eb) => eb.or([eb('lease.until', '<=', now), eb('lease.holder', '=', holder)])),
        )
        .returning('epoch')
        .executeTakeFirst()
      return row && { key, holder, epoch: row.epoch }
    }),

  renew: ({ key, holder, epoch }, span, signal) =>
    connection.run(signal, async ({ db }) => {
      const now = clock.now()
      const row = await db
        .updateTable('lease')
        .set({ until: now + span })
        .where('key', '=', key)
        .where('holder', '=', holder)
        .where('epoch', '=', epoch)
        .where('until', '>', now)
        .returning('epoch')
        .executeTakeFirst()
      return row ? 'renewed' : 'lost'
    }),

  release: ({ key, holder, epoch }, signal) =>
    connection.run(signal, async ({ db }) => {
      await db
        .updateTable('lease')
        .set({ until: 0 })
        .where('key', '=', key)
        .where('holder', '=', holder)
        .where('epoch', '=', epoch)
        .execute()
    }),
})
