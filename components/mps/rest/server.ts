import type { RequestContext } from '@outrider/domain/identity'
import { route } from '@outrider/protocols/rest'

const row = route<RequestContext>()

/** What MPS says about itself (reference/mps.md 4.2). */
export const serverRoutes = (options: { readonly rootPem: () => string; readonly version: string }) => [
  row({
    method: 'GET',
    path: '/api/v1/ciracert',
    about: 'The root certificate devices must trust, PEM.',
    permission: 'public',
    scope: 'none',
    origin: 'legacy-mps',
    handle: async () => ({ status: 200, body: options.rootPem(), contentType: 'text/html; charset=utf-8' }),
  }),
  row({
    method: 'GET',
    path: '/api/v1/version',
    about: 'The version of this service.',
    permission: 'public',
    scope: 'none',
    origin: 'legacy-mps',
    handle: async () => ({ status: 200, body: { serviceVersion: options.version } }),
  }),
]
