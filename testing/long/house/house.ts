import { X509Certificate } from 'node:crypto'
import { createLocalBus, createLocalPresence } from '@outrider/bus-local'
import type { Database } from '@outrider/database'
import { createDmManager, requestContextKey } from '@outrider/dm-manager'
import type { Caller, ProjectId } from '@outrider/domain/identity'
import { type Operation, type OperationKind, terminal } from '@outrider/domain/operations'
import type { Clock, IdentityProvider } from '@outrider/domain/ports'
import { faults } from '@outrider/identity-oidc'
import { createInventory, type InventoryComponent } from '@outrider/inventory'
import { createMps, type Mps } from '@outrider/mps'
import { type Role, roles } from '@outrider/protocols/rest'
import { type Guid, minutes, seconds, secret } from '@outrider/protocols/values'
import { createRps, type Rps } from '@outrider/rps'
import { ciraLimits } from '@outrider/sessions/cira'
import { createHost, type Host, openListeners } from '../../../apps/orchestrator/http/index.ts'
import { ProvisioningPki } from '../../../components/rps/test/provisioning-pki.ts'
import {
  callerOf,
  callRoute,
  memorySecrets,
  realRandom,
  selfSigned,
  temporaryDatabase,
  until,
} from '../../harness/index.ts'
import { EventTrail } from './event-trail.ts'
import { fastClock } from './fast-clock.ts'

/** The DNS suffix of the machines that can be set up as administrator. */
export const ADMIN_SUFFIX = 'vprodemo.com'
export const OTHER_PROJECT: ProjectId = '22222222-2222-4222-8222-222222222222' as Guid

/** How much faster than the machine the clock of the house goes. */
export const SPEED = 20

const never = new AbortController().signal

/**
 * The server's side in one process, with what is real on a machine of its own: database file, TLS on loopback,
 * WebSockets and gRPC. Only the deadlines are shorter, and time goes faster.
 */
export class House implements AsyncDisposable {
  readonly events: EventTrail
  readonly identity: { readonly key: string; readonly cert: string }
  readonly clock: Clock
  readonly database: Database
  readonly inventory: InventoryComponent
  readonly mps: Mps
  readonly rps: Rps
  readonly host: Host
  readonly project: ProjectId
  readonly origin: string
  readonly port: number
  readonly ciraPort: number
  /** Of the CA whose provisioning certificate is there for `ADMIN_SUFFIX`; machines may trust it. */
  readonly rootHash: string
  readonly #opened: AsyncDisposableStack

  private constructor(
    parts: Omit<House, 'register' | 'request' | 'ended' | 'token' | typeof Symbol.asyncDispose>,
    opened: AsyncDisposableStack,
  ) {
    this.events = parts.events
    this.identity = parts.identity
    this.clock = parts.clock
    this.database = parts.database
    this.inventory = parts.inventory
    this.mps = parts.mps
    this.rps = parts.rps
    this.host = parts.host
    this.project = parts.project
    this.origin = parts.origin
    this.port = parts.port
    this.ciraPort = parts.ciraPort
    this.rootHash = parts.rootHash
    this.#opened = opened
  }

  static async open(options: { readonly speed?: number; readonly eventsKept?: number } = {}): Promise<House> {
    await using opened = new AsyncDisposableStack()
    const clock = fastClock(options.speed ?? SPEED)
    const events = new EventTrail(options.eventsKept ?? 50_000)
    const random = realRandom
    const secrets = memorySecrets()
    const identity = selfSigned()
    const { raw: root } = new X509Certificate(identity.cert)
    const database = await temporaryDatabase(clock)
    opened.defer(() => database.close())
    const bus = createLocalBus({
      onError: (error, topic) => events.emit('service.error', { where: `bus ${topic}`, cause: String(error) }),
    })
    const presence = createLocalPresence({ bus })
    const listeners = await openListeners([{ scheme: 'https', host: '127.0.0.1', port: 0 }], () => ({
      key: identity.key,
      certificate: identity.cert,
    }))
    opened.defer(() => listeners.close(0))
    const port = listeners.addresses[0]!.port
    const origin = `https://127.0.0.1:${port}`

    const inventory = createInventory({
      store: database.inventory,
      bus,
      clock,
      random,
      events,
      presence,
      agentCredentials: {
        create: async () => ({ clientId: 'agent', clientSecret: secret('not used here') }),
        revoke: async () => {},
      },
      publicEndpoints: () => ({ url: origin, rpsUrl: '', grpcUrl: origin, tokenUrl: '', ciraAddress: '' }),
      caPem: identity.cert,
      config: { activationDeadlineMs: minutes(12), deactivationDeadlineMs: minutes(12) },
    })
    await inventory.start(never)
    opened.defer(() => inventory.stop())
    const project = (await inventory.ensureDefaultProject(never)).id

    const mps = createMps({
      config: {
        instance: 'one',
        handshakes: 32,
        handshakeBacklog: 1000,
        handshakeSeconds: 3,
        connectionsPerAddress: 0,
        wsmanSeconds: 3,
        flushSeconds: 1,
      },
      devices: database.devices,
      secrets,
      presence,
      clock,
      events,
      record: inventory.inventory.record,
      identity: () => ({ key: identity.key, certificate: identity.cert }),
      rootPem: () => identity.cert,
      version: '0.0.0',
      limits: { ...ciraLimits, handshake: seconds(3), idle: seconds(5), settle: 400 },
    })
    const [cira] = await mps.listen([{ host: '127.0.0.1', port: 0 }], never)
    opened.defer(() => mps.stop(never))

    const rps = createRps({
      config: {
        openMode: false,
        ciraAddress: '127.0.0.1',
        ciraPort: cira!.port,
        answerSeconds: 4,
        sessionSeconds: 600,
        firstMessageSeconds: 60,
      },
      store: database.provisioning,
      secrets,
      registry: mps.registry,
      bus,
      clock,
      random,
      events,
      openProject: async () => undefined,
      hostOf: async (project, guid, signal) => (await inventory.inventory.host(project, { amtGuid: guid }, signal))?.id,
      mpsRoot: () => root,
      version: '0.0.0',
    })
    opened.defer(() => rps.stop())

    const manager = createDmManager({
      config: { mpsHostnames: ['127.0.0.1'], leaseSeconds: 600, resyncSeconds: 20, presenceGraceSeconds: 0 },
      inventory: inventory.inventory,
      control: mps.control,
      provisioning: rps.provisioning,
      leases: database.leases,
      bus,
      clock,
      random,
      events,
      holder: 'one',
    })
    const host = await createHost({
      listeners,
      identity: proving(project),
      findProject: inventory.findProject,
      events,
      clock,
      contextKey: requestContextKey,
      routes: [...inventory.routes, ...mps.routes, ...rps.routes],
      grpc: [{ permission: 'agent', register: (router) => manager.grpc(router) }],
      sockets: [...rps.sockets],
      raw: [],
    })
    opened.defer(() => host.close())
    await manager.start(never)
    opened.defer(() => manager.stop())
    opened.defer(() => host.drain())
    const rootHash = await provisioningCertificate(host, project)
    const ciraPort = cira!.port
    return new House(
      { events, identity, clock, database, inventory, mps, rps, host, project, origin, port, ciraPort, rootHash },
      opened.move(),
    )
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync()
  }

  /** A token of the identity provider of the house. */
  token(role: Role, hostId = ''): string {
    return `${role}.${hostId}`
  }

  /** Registers a host, and says its resource id. */
  async register(body: { readonly name: string; readonly serialNumber: string; readonly uuid: Guid }): Promise<string> {
    const at = '/v1/projects/:project/compute/hosts/register'
    const row = this.host.table.find(({ method, path }) => method === 'POST' && path === at)!
    const caller = callerOf(this.project, 'admin')
    const { body: made } = await row.handle({
      params: { project: this.project },
      query: {},
      body,
      headers: {},
      from: '127.0.0.1',
      context: { caller, project: this.project, projects: [this.project] },
      signal: never,
    } as never)
    return (made as { readonly resourceId: string }).resourceId
  }

  /** Asks for an act, as a write of the desired state does. */
  async request(
    hostId: string,
    kind: OperationKind,
    key: string,
    controlMode: 'client' | 'admin' = 'client',
  ): Promise<Operation> {
    return this.inventory.inventory.request(
      this.project,
      hostId,
      {
        kind,
        ...(kind === 'activate' ? { controlMode } : {}),
        requester: { subject: 'ada', name: 'Ada' },
        idempotencyKey: key,
      },
      never,
    )
  }

  /** The operation once it has ended. Throws where it does not within `milliseconds`. */
  ended(id: string, milliseconds: number): Promise<Operation> {
    return until(
      async () => {
        const operation = await this.inventory.inventory.operation(this.project, id, never)
        return operation !== undefined && terminal.has(operation.life) ? operation : undefined
      },
      milliseconds,
      10,
    )
  }
}

/** Makes a provisioning certificate and gives it to RPS, as an operator does. The hash of its root. */
const provisioningCertificate = async (host: Host, project: ProjectId): Promise<string> => {
  using pki = new ProvisioningPki()
  const password = 'P@ssw0rd'
  await callRoute(host.table, 'POST', '/api/v1/admin/domains', {
    project,
    body: {
      profileName: 'admin',
      domainSuffix: ADMIN_SUFFIX,
      provisioningCert: pki.pfx({}, { password }).toString('base64'),
      provisioningCertPassword: password,
      provisioningCertStorageFormat: 'string',
    },
  })
  return pki.rootHash
}

/** Tokens are `role.host-id`, and mean the default project; `other.` means another project. */
const proving = (project: ProjectId): IdentityProvider => ({
  async verify(token) {
    const [name = '', hostId = ''] = token.split('.')
    const role = name === 'other' ? 'admin' : roles.find((each) => each === name)
    if (role === undefined) throw faults.TOKEN_REFUSED({ reason: 'it names no role' })
    const caller: Caller = {
      subject: `the ${name}`,
      kind: role === 'agent' ? 'agent' : 'user',
      name,
      projects: new Map([[name === 'other' ? OTHER_PROJECT : project, new Set([role])]]),
      ...(hostId === '' ? {} : { hostId }),
    }
    return caller
  },
})
