import type { RequestContext } from '@outrider/domain/identity'
import { route } from '@outrider/protocols/rest'
import { RPS_PROTOCOL_VERSION } from '@outrider/protocols/rps'
import { guid } from '@outrider/protocols/values'
import type { RestDeps } from './deps.ts'

const row = route<RequestContext>()
const common = { method: 'GET', permission: 'view', scope: 'caller', origin: 'legacy-rps' } as const
/** Asking for what nobody has tells whether the database answers. */
const NOBODY = guid('00000000-0000-0000-0000-000000000000')

/** What the provisioning API says about itself (reference/rps.md 3.2). */
export const serviceRoutes = ({ store, secrets, version }: RestDeps) => [
  row({
    ...common,
    path: '/api/v1/admin',
    about: 'Says that this is the place.',
    handle: async () => ({ status: 200, body: { message: 'admin path. use admin/profiles' } }),
  }),
  row({
    ...common,
    path: '/api/v1/admin/version',
    about: 'Version of the service, and of the protocol provisioning clients speak with it.',
    handle: async () => ({ status: 200, body: { serviceVersion: version, protocolVersion: RPS_PROTOCOL_VERSION } }),
  }),
  row({
    ...common,
    path: '/api/v1/admin/health',
    about: 'Whether database and secret store answer.',
    handle: async ({ signal }) => {
      const [database, secretStore] = await Promise.all([
        store.ciraConfigs.count(NOBODY, signal).then(
          () => 'OK',
          () => 'unknown error',
        ),
        secrets.health(signal).catch(() => 'away' as const),
      ])
      const isWell = database === 'OK' && secretStore === 'ok'
      return {
        status: isWell ? 200 : 503,
        body: {
          db: { name: 'SQL', status: database },
          secretStore: {
            name: 'SECRETS',
            status: secretStore === 'ok' ? { initialized: true, sealed: false, standby: false } : 'unknown error',
          },
        },
      }
    },
  }),
]
