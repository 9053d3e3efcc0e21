import { X509Certificate } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { createLocalBus, createLocalPresence } from '@outrider/bus-local'
import { openDatabase } from '@outrider/database'
import { createDmManager, requestContextKey } from '@outrider/dm-manager'
import { createOidcIdentity } from '@outrider/identity-oidc'
import { createInventory } from '@outrider/inventory'
import { ADMIN, createIssuer } from '@outrider/issuer'
import { createMps } from '@outrider/mps'
import { secret } from '@outrider/protocols/values'
import { createRps } from '@outrider/rps'
import { openSecretsFile } from '@outrider/secrets-file'
import { listenAddresses, type OrchestratorConfig } from './config/index.ts'
import { addressFault, createHost, type MountedRoute, openListeners, serviceRoutes } from './http/index.ts'
import { askAll, causeOf, generatedPassword, renewEvery } from './lifecycle/index.ts'
import { loginAudit } from './login-audit.ts'
import { openAuthority } from './pki/index.ts'
import { provisioningAudit } from './provisioning-audit.ts'
import { publicAddresses } from './public-addresses.ts'
import { systemClock, systemRandom } from './system/index.ts'
import type { Telemetry } from './telemetry/index.ts'

export interface Orchestrator {
  /** `https://host:port` of the API. */
  readonly origin: string
  readonly listening: readonly string[]
  readonly cira: readonly string[]
  readonly caFile: string
  /** Absent where the password was given from outside. */
  readonly adminPasswordFile: string | undefined
  /** Every row that is served. */
  readonly table: readonly MountedRoute[]
  stop(): Promise<void>
}

export const VERSION = '0.1.0'
const AUDIENCE = 'outrider'
const READY_PATIENCE = 2_000
const RENEWAL_EVERY = 12 * 3_600_000

/**
 * Everything in one process: opens what is kept, makes each component with the providers of this shape, and
 * serves them. The one place where adapters meet ports. Throws the fault of whatever cannot be opened.
 */
export const startOrchestrator = async (
  config: OrchestratorConfig,
  { events, metrics, metricsType }: Telemetry,
  signal: AbortSignal,
): Promise<Orchestrator> => {
  const clock = systemClock
  const random = systemRandom
  const data = resolve(config.data)
  const caFile = join(data, 'ca.crt')
  const passwordFile = join(data, 'admin-password')
  await using opened = new AsyncDisposableStack()
  const life = new AbortController()
  // The same after a restart: what this process held before is its own.
  const instance = hostname()

  // What is kept.
  await mkdir(data, { recursive: true, mode: 0o700 })
  const secrets = await openSecretsFile({ path: join(data, 'secrets'), keyPath: join(data, 'secrets.key') })
  opened.defer(() => secrets.close())
  const database = opened.use(await openDatabase({ path: join(data, 'outrider.db') }, { clock }))
  const { publicHost, ciraKey } = config
  const authority = await openAuthority({ secrets, clock, random, file: caFile, publicHost, ciraKey }, signal)
  const root = new X509Certificate(authority.certificate).raw

  // Where we are found. Ports are taken first: one in use is known before anything is told to anybody.
  const listeners = await openListeners(listenAddresses('OUTRIDER_LISTEN', config.listen), authority.server)
  opened.defer(() => listeners.close(0))
  const at = publicAddresses(config.publicHost, listeners.addresses)

  // What holds the components together.
  const bus = createLocalBus({
    onError: (error, topic) => events.emit('service.error', { where: `bus ${topic}`, cause: causeOf(error) }),
  })
  const presence = createLocalPresence({ bus })

  const recording = Promise.withResolvers<Awaited<ReturnType<Parameters<typeof loginAudit>[0]>>>()
  const issuer = createIssuer({
    audit: loginAudit(() => recording.promise, clock),
    config: { accessTokenSeconds: 3600, refreshTokenSeconds: 30 * 24 * 3600, lockAfterFailures: 5, lockSeconds: 60 },
    origin: at.origin,
    alsoAt: at.hosts,
    audience: AUDIENCE,
    store: database.issuer,
    secrets,
    clock,
    random,
    events,
  })
  await issuer.start(signal)
  opened.defer(() => issuer.stop())
  const identity = createOidcIdentity({ issuer: issuer.issuer, audience: AUDIENCE, keys: issuer.keys, clock })

  let ciraAddress = ''
  const inventory = createInventory({
    store: database.inventory,
    bus,
    clock,
    random,
    events,
    presence,
    agentCredentials: issuer.agents,
    publicEndpoints: () => ({
      url: at.origin,
      rpsUrl: `${at.origin.replace(/^http/, 'ws')}/activate`,
      grpcUrl: at.origin,
      tokenUrl: `${issuer.issuer}/protocol/openid-connect/token`,
      ciraAddress,
    }),
    caPem: authority.certificate,
    config: { activationDeadlineMs: config.activationSeconds * 1000 },
  })
  await inventory.start(signal)
  const defaultProject = await inventory.ensureDefaultProject(signal)
  recording.resolve({ record: inventory.inventory.record, firstProject: defaultProject.id })

  const mps = createMps({
    config: {
      instance,
      handshakes: 32,
      handshakeBacklog: 20_000,
      handshakeSeconds: 10,
      connectionsPerAddress: 0,
      wsmanSeconds: 15,
      flushSeconds: 5,
    },
    devices: database.devices,
    secrets,
    presence,
    clock,
    events,
    record: inventory.inventory.record,
    identity: authority.cira,
    rootPem: () => authority.certificate,
    version: VERSION,
  })
  const cira = await mps
    .listen(listenAddresses('OUTRIDER_CIRA_LISTEN', config.ciraListen), signal)
    .catch((error: unknown) => {
      throw addressFault(error, config.ciraListen.join(', '), 'OUTRIDER_CIRA_LISTEN')
    })
  opened.defer(() => mps.stop(AbortSignal.timeout(config.graceSeconds * 1000)))
  const ciraPort = cira[0]?.port ?? 0
  ciraAddress = `${config.publicHost}:${ciraPort}`

  const rps = createRps({
    config: {
      openMode: config.rpsOpen,
      ciraAddress: config.publicHost,
      ciraPort,
      answerSeconds: 20,
      sessionSeconds: 600,
      firstMessageSeconds: 15,
    },
    store: database.provisioning,
    secrets,
    registry: mps.registry,
    bus,
    clock,
    random,
    events,
    openProject: async () => defaultProject.id,
    hostOf: async (project, guid, until) => {
      const { host } = inventory.inventory
      return ((await host(project, { amtGuid: guid }, until)) ?? (await host(project, { uuid: guid }, until)))?.id
    },
    mpsRoot: () => root,
    refused: provisioningAudit(inventory.inventory, defaultProject.id, { clock, events }),
    version: VERSION,
  })

  const driver = config.dmManager ?? 'embedded'
  const dmManager = createDmManager({
    config: { mpsHostnames: [config.publicHost, ...cira.map(({ host }) => host)] },
    inventory: inventory.inventory,
    control: mps.control,
    provisioning: rps.provisioning,
    leases: database.leases,
    bus,
    clock,
    random,
    events,
    holder: instance,
  })

  // Who may do what at the very first.
  const isNew = !(await issuer.accounts.exists(ADMIN, signal))
  const password =
    config.adminPassword !== undefined
      ? secret(config.adminPassword)
      : isNew
        ? await generatedPassword(passwordFile, random)
        : undefined
  const projects = await inventory.inventory.projects(signal)
  await issuer.accounts.ensureUser(
    ADMIN,
    password,
    projects.map(({ id }) => ({ project: id, role: 'admin' })),
    signal,
  )

  const deployment = () => ({ dmManager: driver, ciraAddress })
  const ready = () =>
    askAll(
      {
        issuer: () => issuer.ready(),
        inventory: (until) => inventory.ready(until),
        ...(driver === 'embedded' ? { 'dm-manager': (until: AbortSignal) => dmManager.ready(until) } : {}),
        secrets: async (until) => [{ name: 'secrets', state: await secrets.health(until) }],
      },
      READY_PATIENCE,
    )
  const host = await createHost({
    listeners,
    identity,
    findProject: inventory.findProject,
    events,
    clock,
    contextKey: requestContextKey,
    audit: inventory.inventory.record,
    routes: [
      ...inventory.routes,
      ...mps.routes,
      ...rps.routes,
      ...serviceRoutes({ version: VERSION, ready, metrics, metricsType, deployment }),
    ],
    grpc: driver === 'embedded' ? [{ permission: 'agent', register: (router) => dmManager.grpc(router) }] : [],
    sockets: [...rps.sockets],
    raw: [{ prefix: '/realms/', handle: issuer.handle }],
  })
  opened.defer(() => host.close())
  opened.defer(() => rps.stop())
  // Work is taken up once everything it needs is there; it ends in the reverse order of what stands here.
  rps.start()
  if (driver === 'embedded') await dmManager.start(signal)
  opened.defer(() => dmManager.stop())
  opened.defer(() => inventory.stop())

  const renewing = renewEvery(RENEWAL_EVERY, authority.renewIfDue, { clock, events }, life.signal)
  opened.use(
    authority.onRenewed(() => {
      listeners.renew(authority.server())
      mps.renew()
    }),
  )
  opened.defer(async () => {
    life.abort()
    await renewing
  })
  opened.defer(() => host.drain())

  const running = opened.move()
  return {
    origin: at.origin,
    listening: at.urls,
    cira: cira.map(({ host, port }) => `${host}:${port}`),
    caFile,
    adminPasswordFile: config.adminPassword === undefined ? passwordFile : undefined,
    table: host.table,
    stop: () => running.disposeAsync(),
  }
}
