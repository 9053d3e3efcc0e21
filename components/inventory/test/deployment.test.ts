import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLocalBus, createLocalPresence } from '@outrider/bus-local'
import { openDatabase } from '@outrider/database'
import type { EventFields, EventName } from '@outrider/domain/events'
import type { Project, RequestContext } from '@outrider/domain/identity'
import { may } from '@outrider/domain/identity'
import type { AgentCredentials, Clock } from '@outrider/domain/ports'
import type { Role, Route, RouteReply } from '@outrider/protocols/rest'
import { Fault, faultStatus, secret } from '@outrider/protocols/values'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { createInventory, type InventoryConfig, type InventoryDeps } from '../index.ts'
import { northboundReply } from '../rest/context.ts'

type AnyRoute = Route<TSchema, TSchema, TSchema, RequestContext>

export const patience = (): AbortSignal => AbortSignal.timeout(20_000)

/** Real time that a test can move ahead. */
export const movableClock = (): Clock & { ahead(milliseconds: number): void } => {
  let offset = 0
  return {
    now: () => Date.now() + offset,
    monotonic: () => performance.now() + offset,
    sleep: async (span, signal) => {
      await sleep(span, undefined, { signal })
    },
    ahead: (milliseconds) => {
      offset += milliseconds
    },
  }
}

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: JSON of an answer, as a test reads it.
  readonly body: any
  readonly headers: Readonly<Record<string, string>>
}

export interface Ask {
  readonly body?: unknown
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** A caller with one role in one project, asking through the route table as the HTTP surface does. */
export interface Client {
  ask(method: string, path: string, ask?: Ask): Promise<Answer>
}

/** Inventory over a real database, bus and presence, with a surface that keeps the rules of the route table. */
export const deploy = async (
  config: Partial<InventoryConfig> = {},
  beforeCredentials: (hostId: string) => Promise<void> = async () => undefined,
) => {
  const folder = await mkdtemp(join(tmpdir(), 'inventory-'))
  const clock = movableClock()
  const database = await openDatabase({ path: join(folder, 'db.sqlite') }, { clock })
  const bus = createLocalBus({
    onError: (error) => {
      throw error
    },
  })
  const presence = createLocalPresence({ bus })
  const events: { name: EventName; fields: EventFields<EventName> }[] = []
  const live = new Map<string, string>()
  const agentCredentials: AgentCredentials = {
    create: async (_, hostId) => {
      await beforeCredentials(hostId)
      const clientSecret = randomBytes(16).toString('hex')
      live.set(hostId, clientSecret)
      return { clientId: `edgenode-${hostId}`, clientSecret: secret(clientSecret) }
    },
    revoke: async (_, hostId) => {
      live.delete(hostId)
    },
  }
  const deps: InventoryDeps = {
    store: database.inventory,
    bus,
    clock,
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
    events: {
      emit: (name, fields) => {
        events.push({ name, fields })
      },
    },
    agentCredentials,
    presence,
    publicEndpoints: () => ({
      url: 'https://outrider.test:8443',
      rpsUrl: 'wss://outrider.test:8443/activate',
      grpcUrl: 'https://outrider.test:8443',
      tokenUrl: 'https://outrider.test:8443/realms/master/protocol/openid-connect/token',
      ciraAddress: 'outrider.test:4433',
    }),
    caPem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
    config,
  }
  const component = createInventory(deps)
  await component.start(patience())
  const project = await component.ensureDefaultProject(patience())
  const other = await component.createProject('other', patience())

  const clientOf = (mine: Project, role: Role, subject = `${role}@${mine.name}`): Client => {
    const caller = {
      subject,
      kind: 'user' as const,
      name: subject,
      projects: new Map([[mine.id, new Set([role])]]),
    }
    return {
      ask: async (method, path, ask = {}) => {
        const found = match(component.routes, method, path)
        if (found === undefined) return { status: 404, body: {}, headers: {} }
        const { route, params } = found
        try {
          let context: RequestContext = { projects: [] }
          if (route.permission !== 'public') {
            const named =
              route.scope === 'path' ? await component.findProject(String(params.project), patience()) : undefined
            const mayThere = named !== undefined && caller.projects.has(named.id)
            if (route.scope === 'path' && !mayThere) return { status: 404, body: {}, headers: {} }
            if (named !== undefined && !may(caller, named.id, route.permission))
              return { status: 403, body: {}, headers: {} }
            context = {
              caller,
              projects: named === undefined ? [mine.id] : [named.id],
              ...(named === undefined ? {} : { project: named.id }),
            }
          }
          const query = Value.Convert(route.query ?? ANY, { ...ask.query })
          if (route.query !== undefined && !Value.Check(route.query, query)) return invalid()
          if (route.body !== undefined && !Value.Check(route.body, ask.body ?? {})) return invalid()
          const reply: RouteReply = await route.handle({
            params,
            query: query as never,
            body: (ask.body ?? {}) as never,
            headers: ask.headers ?? {},
            from: '192.0.2.7',
            context,
            signal: ask.signal ?? patience(),
          })
          return {
            status: reply.status,
            body: reply.body === undefined ? undefined : JSON.parse(JSON.stringify(reply.body)),
            headers: reply.headers ?? {},
          }
        } catch (error) {
          if (!(error instanceof Fault)) throw error
          if (route.origin === 'legacy-northbound') return northboundReply(error.record())
          return { status: faultStatus[error.kind].http, body: error.record(), headers: {} }
        }
      },
    }
  }

  return {
    ...component,
    events,
    bus,
    clock,
    presence,
    database,
    project,
    other,
    /** Secrets of the agents that may log in, by host. */
    live,
    clientOf,
    operator: clientOf(project, 'operator'),
    hosts: `/v1/projects/${project.name}/compute/hosts`,
    operations: `/v1/projects/${project.name}/compute/operations`,
    /** A second process over the same stores, not started yet. */
    again: async () => {
      const next = createInventory(deps)
      return { ...next, [Symbol.asyncDispose]: () => next.stop() }
    },
    async [Symbol.asyncDispose]() {
      await component.stop()
      await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
export type Deployment = Awaited<ReturnType<typeof deploy>>

const ANY = { type: 'object' } as TSchema
const invalid = (): Answer => ({ status: 400, body: { code: 'SCHEMA' }, headers: {} })

const match = (routes: readonly AnyRoute[], method: string, path: string) => {
  for (const route of routes) {
    if (route.method !== method) continue
    const names: string[] = []
    const form = route.path.replace(/:(\w+)/g, (_, name: string) => {
      names.push(name)
      return '([^/]+)'
    })
    const hit = new RegExp(`^${form}$`).exec(path)
    if (hit === null) continue
    const params = Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(hit[at + 1]!)]))
    return { route, params }
  }
  return undefined
}

let count = 0
/** A machine nobody has registered yet. */
export const aMachine = () => {
  count++
  return {
    name: `edge-${count}`,
    serialNumber: `SN${String(count).padStart(6, '0')}`,
    uuid: `d12428be-9fa1-4226-9784-${count.toString(16).padStart(12, '0')}`,
  }
}

/** Registers a machine and returns the host as it was answered. */
export const register = async (deployment: Deployment, fields: object = {}, client = deployment.operator) => {
  const answer = await client.ask('POST', `${deployment.hosts}/register`, { body: { ...aMachine(), ...fields } })
  if (answer.status !== 200) throw new Error(`registration answered ${JSON.stringify(answer)}`)
  return answer.body
}

/** Takes an operation through its life as dm-manager would. */
export const carryOut = async (
  { inventory, project }: Deployment,
  id: string,
  end: 'succeeded' | 'failed' = 'succeeded',
  fault?: Parameters<Deployment['inventory']['advanceOperation']>[3]['fault'],
) => {
  await inventory.advanceOperation(
    project.id,
    id,
    1,
    { life: 'running', attempt: 1, addSteps: [{ at: Date.now(), step: 'begun', message: 'Begun.' }] },
    undefined,
    patience(),
  )
  return inventory.advanceOperation(
    project.id,
    id,
    1,
    { life: end, ...(fault === undefined ? {} : { fault }) },
    undefined,
    patience(),
  )
}

/** Registers and activates, as far as the record goes. */
export const activated = async (deployment: Deployment) => {
  const host = await register(deployment)
  const answer = await deployment.operator.ask('PATCH', `${deployment.hosts}/${host.resourceId}`, {
    body: { desiredAmtState: 'AMT_STATE_PROVISIONED' },
  })
  await carryOut(deployment, answer.headers['outrider-operation']!)
  return host
}
