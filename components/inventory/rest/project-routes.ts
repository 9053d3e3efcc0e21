import type { RequestContext } from '@outrider/domain/identity'
import { route } from '@outrider/protocols/rest'
import type { InventoryParts } from '../records/deps.ts'

export const projectRoutes = ({ store }: Pick<InventoryParts, 'store'>) => [
  route<RequestContext>()({
    method: 'GET',
    path: '/v1/projects',
    about: 'The projects this token is for.',
    permission: 'view',
    scope: 'caller',
    origin: 'ours',
    handle: async ({ context, signal }) => {
      const mine = new Set(context.projects)
      const projects = await store.transaction((tables) => tables.projects.list(), signal)
      return {
        status: 200,
        body: { projects: projects.filter(({ id }) => mine.has(id)).map(({ id, name }) => ({ id, name })) },
      }
    },
  }),
]
