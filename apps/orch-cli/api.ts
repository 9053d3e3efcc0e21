import { Fault, type FaultRecord, type Secret } from '@outrider/protocols/values'
import { faults } from './faults.ts'
import { faultOfAnswer, type HttpAnswer, type HttpClient } from './http.ts'

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

/** What orch-cli asks of an orchestrator; every method throws the fault the orchestrator says. */
export interface Api {
  readonly endpoint: string
  readonly project: string
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
  deleteHost(id: string, force: boolean): Promise<void>
  deauthorizeHost(id: string, note: string | undefined): Promise<void>
  agentEnvironment(id: string, body: object): Promise<AgentEnvironment>
  operations(host: string | undefined, life: string | undefined, limit: number): Promise<readonly OperationView[]>
  operation(id: string): Promise<OperationView>
  /** The operation once it is another revision, ended, or `waitSeconds` are over. */
  operationAfter(id: string, revision: number, waitSeconds: number): Promise<OperationView>
  cancelOperation(id: string): Promise<OperationView>
  audit(host: string | undefined, limit: number): Promise<readonly AuditView[]>
}

export interface ApiOptions {
  readonly http: HttpClient
  readonly endpoint: string
  readonly project: string
  readonly token: (signal: AbortSignal) => Promise<Secret>
  readonly signal: AbortSignal
}

const OPERATION_HEADER = 'outrider-operation'
const MOST_PAGES = 1000

const queryOf = (fields: Readonly<Record<string, string | number | boolean | undefined>>): string => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, String(value))
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

export const connectApi = ({ http, endpoint, project, token, signal }: ApiOptions): Api => {
  const base = `${endpoint}/v1/projects/${encodeURIComponent(project)}/compute`

  const call = async (
    method: string,
    url: string,
    body: object | undefined,
    more: { readonly headers?: Readonly<Record<string, string>>; readonly patienceMs?: number } = {},
  ): Promise<HttpAnswer> => {
    const answer = await http.call({
      method,
      url,
      signal,
      ...(more.patienceMs === undefined ? {} : { patienceMs: more.patienceMs }),
      headers: {
        authorization: `Bearer ${(await token(signal)).reveal()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...more.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (answer.status >= 200 && answer.status < 300) return answer
    const fault = faultOfAnswer(endpoint, answer)
    const operation = answer.headers[OPERATION_HEADER]
    throw typeof operation === 'string'
      ? new Fault({ ...fault.record(), detail: { ...fault.detail, operation } })
      : fault
  }

  const json = <T>(answer: HttpAnswer): T => {
    try {
      return JSON.parse(answer.text) as T
    } catch (error) {
      throw faults.CLI_ANSWER_UNREADABLE({ endpoint, status: answer.status }, error)
    }
  }

  const get = async <T>(url: string, patienceMs?: number): Promise<T> =>
    json<T>(await call('GET', url, undefined, patienceMs === undefined ? {} : { patienceMs }))

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

  return {
    endpoint,
    project,
    projects: async () => (await get<{ projects: { id: string; name: string }[] }>(`${endpoint}/v1/projects`)).projects,

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
      const named = answer.headers[OPERATION_HEADER]
      const operations = typeof named === 'string' ? named.split(',').map((one) => one.trim()) : []
      return { host: json<HostView>(answer), operations }
    },

    deleteHost: async (id, force) => {
      await call('DELETE', `${hostUrl(id)}${queryOf({ force: force || undefined })}`, undefined)
    },
    deauthorizeHost: async (id, note) => {
      await call('PUT', `${hostUrl(id)}/invalidate${queryOf({ note })}`, undefined)
    },
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
