import type { RequestContext } from '@outrider/domain/identity'
import { route } from '@outrider/protocols/rest'
import { faults } from './faults.ts'
import { isLoopback } from './peer.ts'
import type { MountedRoute } from './rest.ts'

/** One thing this process needs, and how it is. */
export interface PartState {
  readonly name: string
  /** `ok`, or what is wrong with it in a word. */
  readonly state: string
}

export interface ServiceRoutesOptions {
  readonly version: string
  /** Asks every part; must settle within its own deadline. */
  readonly ready: () => Promise<readonly PartState[]>
  readonly metrics: () => Promise<string>
  readonly metricsType: string
  /** What command lines and scripts need to know of this deployment. */
  readonly deployment: () => {
    readonly dmManager: 'embedded' | 'external'
    /** `host:port` devices dial. */
    readonly ciraAddress: string
  }
}

const row = route<RequestContext>()

/** What the process says about itself. */
export const serviceRoutes = (options: ServiceRoutesOptions): MountedRoute[] => [
  row({
    method: 'GET',
    path: '/healthz',
    about: 'Whether the process is alive.',
    permission: 'public',
    scope: 'none',
    origin: 'ours',
    handle: async () => ({ status: 200, body: { status: 'ok' } }),
  }),
  row({
    method: 'GET',
    path: '/readyz',
    about: 'Whether everything the process needs is there, and what is missing by name.',
    permission: 'public',
    scope: 'none',
    origin: 'ours',
    handle: async () => {
      const parts = await options.ready()
      const missing = parts.filter(({ state }) => state !== 'ok').map(({ name }) => name)
      return { status: missing.length === 0 ? 200 : 503, body: { ready: missing.length === 0, missing, parts } }
    },
  }),
  row({
    method: 'GET',
    path: '/metrics',
    about: 'Counters in the text format of Prometheus, for readers on the same machine.',
    permission: 'public',
    scope: 'none',
    origin: 'ours',
    handle: async ({ from }) => {
      if (!isLoopback(from)) throw faults.ROUTE_NOT_FOUND({ method: 'GET', path: '/metrics' })
      return { status: 200, body: await options.metrics(), contentType: options.metricsType }
    },
  }),
  row({
    method: 'GET',
    path: '/v1/orchestrator',
    about: 'Version and features of this deployment, in the words of existing clients.',
    permission: 'view',
    scope: 'caller',
    origin: 'legacy-northbound',
    handle: async () => ({ status: 200, body: componentStatus(options.version, options.deployment()) }),
  }),
]

/** Features existing clients ask for before they show a command (reference/emf-code.md 4.3, 8.11). */
const componentStatus = (version: string, deployment: ReturnType<ServiceRoutesOptions['deployment']>) => {
  const yes = { installed: true }
  const no = { installed: false }
  return {
    'schema-version': '1.0',
    // Beside what existing clients read.
    outrider: { 'dm-manager': deployment.dmManager, 'cira-address': deployment.ciraAddress },
    orchestrator: {
      version,
      features: {
        'edge-infrastructure-manager': {
          installed: true,
          oob: yes,
          onboarding: yes,
          provisioning: no,
          day2: no,
          'oxm-profile': no,
        },
        'application-orchestration': no,
        'cluster-orchestration': no,
        'orchestrator-observability': no,
        'edgenode-observability': no,
        multitenancy: { installed: true, 'default-tenant-only': no },
        'web-ui': no,
      },
    },
  }
}
