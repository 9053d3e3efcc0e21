import type { DomainProfile, ProvisioningStore } from '@outrider/domain/ports'
import type { Connection } from '../connection.ts'
import { catalogue, nameKey, toItem } from './catalogue.ts'

const KIND = 'domain'

export const domainTable = (connection: Connection): ProvisioningStore['domains'] => ({
  ...catalogue<DomainProfile>(connection, KIND, ({ suffix, rootHashes }) => ({
    suffix: nameKey(suffix),
    root: rootHashes.sha256,
  })),

  bySuffix: (project, suffixes, signal) =>
    connection.run(signal, async ({ db }) => {
      if (suffixes.length === 0) return []
      const rows = await db
        .selectFrom('configuration')
        .selectAll()
        .where('project', '=', project)
        .where('kind', '=', KIND)
        .where('suffix', 'in', suffixes.map(nameKey))
        .orderBy('name_key')
        .execute()
      return rows.map((row) => toItem<DomainProfile>(row))
    }),

  // A deployment has few provisioning certificates: a handful for each project.
  expiring: (before, signal) =>
    connection.run(signal, async ({ db }) => {
      const rows = await db.selectFrom('configuration').selectAll().where('kind', '=', KIND).execute()
      return rows.map((row) => toItem<DomainProfile>(row)).filter(({ expiresAt }) => expiresAt < before)
    }),
})
