import type { RequestContext } from '@outrider/domain/identity'
import type { AuditEntry } from '@outrider/domain/ports'
import { route } from '@outrider/protocols/rest'
import { Type } from 'typebox'
import { isoTime } from '../northbound/host-json.ts'
import type { InventoryParts } from '../records/deps.ts'
import { projectOf } from './context.ts'
import { within } from './host-list.ts'

const auditJson = ({ at, project: _, ...entry }: AuditEntry) => ({ at: isoTime(at), ...entry })

export const auditRoutes = ({ store }: Pick<InventoryParts, 'store'>) => [
  route<RequestContext>()({
    method: 'GET',
    path: '/v1/projects/:project/compute/audit',
    about: 'Who did what to which host, from where, with which outcome; newest first.',
    permission: 'operate',
    scope: 'path',
    origin: 'ours',
    params: Type.Object({ project: Type.String() }),
    query: Type.Object({
      host: Type.Optional(Type.String({ maxLength: 64, description: 'Resource id of the host.' })),
      pageSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      after: Type.Optional(Type.String({ maxLength: 1000 })),
    }),
    handle: async ({ query, context, signal }) => {
      const project = projectOf(context)
      const limit = within(query.pageSize, 'pageSize', 1, 100, 50)
      const page = await store.transaction(
        (tables) =>
          tables.audit.list(project, {
            limit,
            ...(query.host === undefined ? {} : { hostId: query.host }),
            ...(query.after === undefined ? {} : { after: query.after }),
          }),
        signal,
      )
      return {
        status: 200,
        body: { entries: page.items.map(auditJson), ...(page.next === undefined ? {} : { next: page.next }) },
      }
    },
  }),
]
