import type { FaultRecord } from '@outrider/protocols/values'
import { type ApiOptions, apiCaller, OPERATION_HEADER, queryOf } from './api-caller.ts'
import type { HttpAnswer } from './http.ts'
import { type ProvisioningApi, provisioningApi } from './provisioning-api.ts'

/** A host in northbound JSON, as far as orch-cli reads it. */
export interface HostView {
  readonly resourceId: string
  readonly name: string
  readonly serialNumber?: string
  readonly uuid?: string
  readonly desiredState?: string
  readonly currentState?: string
  readonly hostStatus?: string
  readonly desiredAmtState?: string
  readonly currentAmtState?: string
  readonly amtControlMode?: string
  readonly amtDnsSuffix?: string
  readonly amtStatus?: string
  readonly amtStatusIndicator?: string
  readonly desiredPowerState?: string
  readonly currentPowerState?: string
  readonly powerStatus?: string
  readonly powerStatusIndicator?: string
  readonly powerCommandPolicy?: string
  readonly powerOnTime?: number
  readonly timestamps?: { readonly createdAt?: string; readonly updatedAt?: string }
  readonly outrider?: HostFacts
}

export interface HostFacts {
  readonly support?: string
  readonly reason?: string
  readonly reasonMessage?: string
  readonly amtVersion?: string
  readonly controlMode?: string
  readonly amtUuid?: string
  readonly detectedAt?: string
  readonly presence?: { readonly connected: boolean; readonly since?: string; readonly instance?: string }
  readonly power?: string
  readonly policy?: string
  /** What is wrong with it for longer than an operation. */
  readonly conditions?: readonly {
    readonly type: string
    readonly code: string
    readonly message: string
    readonly remedy: string
    readonly since: string
  }[]
  readonly lastOperation?: {
    readonly id: string
    readonly kind: string
    readonly life: string
    readonly code?: string
    readonly message?: string
    readonly createdAt?: string
    readonly endedAt?: string
  }
}

export interface OperationView {
  readonly id: string
  readonly hostId: string
  readonly kind: string
  readonly life: 'queued' | 'running' | 'succeeded' | 'failed' | 'refused' | 'cancelled'
  readonly controlMode?: string
  readonly powerPolicy?: string
  readonly requester: { readonly subject: string; readonly name: string }
  readonly attempt: number
  readonly steps: readonly { readonly at: string; readonly step: string; readonly message: string }[]
  readonly fault?: FaultRecord
  readonly createdAt: string
  readonly deadline: string
  readonly endedAt?: string
  readonly revision: number
}

export interface AuditView {
  readonly at: string
  readonly subject: string
  readonly name: string
  readonly from: string
  readonly act: string
  readonly hostId?: string
  readonly operationId?: string
  readonly target?: string
  readonly guid?: string
  readonly outcome: string
  readonly fault?: FaultRecord
}

export interface AgentEnvironment {
  readonly hostId: string
  readonly expiresAt: string
  readonly environment: Readonly<Record<string, string>>
}

export interface HostListQuery {
  readonly filter?: string
  readonly orderBy?: string
  readonly pageSize?: string
  readonly offset?: string
}

/** What a deployment says of itself, where it is one of ours. */
export interface Deployment {
  readonly dmManager: 'embedded' | 'external'
  /** `host:port` devices dial; absent where it does not say. */
  readonly ciraAddress?: string
}

/** What orch-cli asks of an orchestrator; every method throws the fault the orchestrator says. */
export interface Api extends ProvisioningApi {
  readonly endpoint: string
  readonly project: string
  deployment(): Promise<Deployment>
  projects(): Promise<readonly { readonly id: string; readonly name: string }[]>
  hosts(query: HostListQuery): Promise<readonly HostView[]>
  /** By name, resource id, serial number or UUID. */
  host(key: string): Promise<HostView>
  register(body: object): Promise<HostView>
  /** The same key asks for the same once, however often. The fault of a refusal carries the operation that records it. */
  patchHost(
    id: string,
    body: object,
    idempotencyKey: string,
  ): Promise<{ readonly host: HostView; readonly operations: readonly string[] }>
  /** The deactivation it waits for, where its machine is activated. */
  deleteHost(id: string, force: boolean): Promise<string | undefined>
  deauthorizeHost(id: string, note: string | undefined): Promise<string | undefined>
  agentEnvironment(id: string, body: object): Promise<AgentEnvironment>
  operations(host: string | undefined, life: string | undefined, limit: number): Promise<readonly OperationView[]>
  operation(id: string): Promise<OperationView>
  /** The operation once it is another revision, ended, or `waitSeconds` are over. */
  operationAfter(id: string, revision: number, waitSeconds: number): Promise<OperationView>
  cancelOperation(id: string): Promise<OperationView>
  audit(host: string | undefined, limit: number): Promise<readonly AuditView[]>
}

const MOST_PAGES = 1000

export const connectApi = (options: ApiOptions): Api => {
  const { endpoint, project } = options
  const base = `${endpoint}/v1/projects/${encodeURIComponent(project)}/compute`

  const { call, get, json } = apiCaller(options)

  const hostUrl = (id: string): string => `${base}/hosts/${encodeURIComponent(id)}`
  const operationUrl = (id: string): string => `${base}/operations/${encodeURIComponent(id)}`

  /** All items of a keyed list, up to `limit`. */
  const all = async <T>(url: (after: string | undefined) => string, field: string, limit: number): Promise<T[]> => {
    const items: T[] = []
    let after: string | undefined
    for (let page = 0; page < MOST_PAGES && items.length < limit; page++) {
      const body = await get<Readonly<Record<string, unknown>>>(url(after))
      items.push(...((body[field] ?? []) as T[]))
      const next = body.next ?? (body.outrider as { readonly next?: unknown } | undefined)?.next
      if (typeof next !== 'string') break
      after = next
    }
    return items.slice(0, limit)
  }

  const projects = async () =>
    (await get<{ projects: { id: string; name: string }[] }>(`${endpoint}/v1/projects`)).projects

  return {
    ...provisioningApi(options),
    endpoint,
    project,
    deployment: async () => {
      const said = await get<{ readonly outrider?: Readonly<Record<string, unknown>> }>(`${endpoint}/v1/orchestrator`)
      const address = said.outrider?.['cira-address']
      return {
        // An orchestrator that does not say is not ours, and neither is what manages its devices.
        dmManager: said.outrider?.['dm-manager'] === 'embedded' ? 'embedded' : 'external',
        ...(typeof address === 'string' ? { ciraAddress: address } : {}),
      }
    },
    projects,
    hosts: async ({ filter, orderBy, pageSize, offset }) => {
      if (pageSize !== undefined || offset !== undefined || filter !== undefined) {
        const items: HostView[] = []
        for (let from = Number(offset ?? 0); ; ) {
          const query = queryOf({ filter, orderBy, pageSize: pageSize ?? 100, offset: from })
          const page = await get<{ hosts: HostView[]; hasNext: boolean }>(`${base}/hosts${query}`)
          items.push(...page.hosts)
          from += page.hosts.length
          if (pageSize !== undefined || !page.hasNext || page.hosts.length === 0) return items
        }
      }
      return all<HostView>(
        (after) => `${base}/hosts${queryOf({ orderBy, pageSize: 100, after })}`,
        'hosts',
        Number.POSITIVE_INFINITY,
      )
    },

    host: (key) => get<HostView>(hostUrl(key)),
    register: async (body) => json<HostView>(await call('POST', `${base}/hosts/register`, body)),

    patchHost: async (id, body, idempotencyKey) => {
      const headers = { 'idempotency-key': idempotencyKey }
      const answer = await call('PATCH', hostUrl(id), body, { headers })
      return { host: json<HostView>(answer), operations: operationsOf(answer) }
    },

    deleteHost: async (id, force) =>
      operationsOf(await call('DELETE', `${hostUrl(id)}${queryOf({ force: force || undefined })}`, undefined))[0],
    deauthorizeHost: async (id, note) =>
      operationsOf(await call('PUT', `${hostUrl(id)}/invalidate${queryOf({ note })}`, undefined))[0],
    agentEnvironment: async (id, body) => json(await call('POST', `${hostUrl(id)}/agent-env`, body)),

    operations: (host, life, limit) =>
      all<OperationView>(
        (after) => `${base}/operations${queryOf({ host, life, pageSize: Math.min(limit, 100), after })}`,
        'operations',
        limit,
      ),
    operation: (id) => get<OperationView>(operationUrl(id)),
    operationAfter: (id, revision, waitSeconds) =>
      get<OperationView>(
        `${operationUrl(id)}${queryOf({ wait: waitSeconds, revision })}`,
        // The orchestrator's own time, and some for the way.
        waitSeconds * 1000 + 15_000,
      ),
    cancelOperation: async (id) => json(await call('POST', `${operationUrl(id)}/cancel`, undefined)),

    audit: (host, limit) =>
      all<AuditView>(
        (after) => `${base}/audit${queryOf({ host, pageSize: Math.min(limit, 100), after })}`,
        'entries',
        limit,
      ),
  }
}

/** The operations a request has become, in their order. */
const operationsOf = ({ headers }: HttpAnswer): readonly string[] => {
  const named = headers[OPERATION_HEADER]
  return typeof named === 'string' ? named.split(',').map((one) => one.trim()) : []
}
