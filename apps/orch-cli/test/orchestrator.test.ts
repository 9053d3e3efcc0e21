import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createContextKey } from '@connectrpc/connect'
import { createLocalBus, createLocalPresence } from '@outrider/bus-local'
import { openDatabase } from '@outrider/database'
import type { RequestContext } from '@outrider/domain/identity'
import type { OperationChange } from '@outrider/domain/operations'
import { createOidcIdentity } from '@outrider/identity-oidc'
import { createInventory } from '@outrider/inventory'
import { createIssuer } from '@outrider/issuer'
import { route } from '@outrider/protocols/rest'
import { Fault, type FaultRecord, secret } from '@outrider/protocols/values'
import { createRps } from '@outrider/rps'
import { aHost } from '@outrider/testing/ports'
import { createHost, openListeners, serviceRoutes } from '../../orchestrator/http/index.ts'
import { loginAudit } from '../../orchestrator/login-audit.ts'
import { openAuthority } from '../../orchestrator/pki/index.ts'
import { systemClock, systemRandom } from '../../orchestrator/system/index.ts'
import { memorySecrets } from '../../orchestrator/test/memory-secrets.ts'
import { recordedEvents } from '../../orchestrator/test/recorded-events.ts'

export const patience = (): AbortSignal => AbortSignal.timeout(30_000)
export const PASSWORD = 'correct horse battery'

/** What a driver of operations does with one: the steps it takes and how it ends. */
export interface Script {
  readonly steps: readonly string[]
  readonly end: OperationChange
}

/**
 * Inventory, issuer and HTTP surface as the orchestrator composes them, on a real HTTPS listener; operations are
 * driven by scripts, for no device is part of this.
 */
export const serveOrchestrator = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orch-cli-'))
  const clock = systemClock
  const events = recordedEvents()
  const secrets = memorySecrets()
  const caFile = join(folder, 'ca.crt')
  const authority = await openAuthority(
    { secrets, clock, random: systemRandom, file: caFile, publicHost: 'localhost' },
    patience(),
  )
  const database = await openDatabase({ path: join(folder, 'outrider.db') }, { clock })
  const bus = createLocalBus({
    onError: (error) => {
      throw error
    },
  })
  let port = 0
  const open = () => openListeners([{ scheme: 'https', host: '127.0.0.1', port }], () => authority.server())
  let listeners = await open()
  port = listeners.addresses[0]!.port
  const origin = `https://localhost:${port}`
  const recording = Promise.withResolvers<Awaited<ReturnType<Parameters<typeof loginAudit>[0]>>>()
  const issuer = createIssuer({
    audit: loginAudit(() => recording.promise, clock),
    config: { accessTokenSeconds: 3600, refreshTokenSeconds: 86_400, lockAfterFailures: 20, lockSeconds: 1 },
    origin,
    audience: 'outrider',
    store: database.issuer,
    secrets,
    clock,
    random: systemRandom,
    events,
  })
  await issuer.start(patience())
  const component = createInventory({
    store: database.inventory,
    bus,
    clock,
    random: systemRandom,
    events,
    agentCredentials: issuer.agents,
    presence: createLocalPresence({ bus }),
    publicEndpoints: () => ({
      url: origin,
      rpsUrl: `wss://localhost:${port}/activate`,
      grpcUrl: origin,
      tokenUrl: `${issuer.issuer}/protocol/openid-connect/token`,
      ciraAddress: 'localhost:4433',
    }),
    caPem: authority.certificate,
  })
  const project = await component.ensureDefaultProject(patience())
  recording.resolve({ record: component.inventory.record, firstProject: project.id })
  const other = await component.createProject('other', patience())
  const { accounts } = issuer
  await accounts.ensureUser('admin', secret(PASSWORD), [{ project: project.id, role: 'admin' }], patience())
  await accounts.ensureUser('eve', secret(PASSWORD), [{ project: other.id, role: 'admin' }], patience())
  await accounts.ensureUser('view', secret(PASSWORD), [{ project: project.id, role: 'viewer' }], patience())

  const rps = createRps({
    config: {
      openMode: false,
      ciraAddress: 'localhost',
      ciraPort: 4433,
      answerSeconds: 20,
      sessionSeconds: 600,
      firstMessageSeconds: 15,
    },
    store: database.provisioning,
    secrets,
    registry: { register: async () => {}, forget: async () => {}, credentialsChanged: async () => {} },
    bus,
    clock,
    random: systemRandom,
    events,
    openProject: async () => project.id,
    hostOf: async () => undefined,
    mpsRoot: () => new Uint8Array(),
    version: '0.0.0',
  })
  const deployment = { dmManager: 'embedded' as 'embedded' | 'external', ciraAddress: 'localhost:4433' }
  // As MPS has it.
  const ciraCertificate = route<RequestContext>()({
    method: 'GET',
    path: '/api/v1/ciracert',
    about: 'The root certificate devices must trust, PEM.',
    permission: 'public',
    scope: 'none',
    origin: 'legacy-mps',
    handle: async () => ({ status: 200, body: authority.certificate, contentType: 'text/html' }),
  })

  const host = () =>
    createHost({
      listeners,
      identity: createOidcIdentity({
        issuer: issuer.issuer,
        audience: 'outrider',
        keys: () => issuer.keys(),
        clock,
      }),
      findProject: component.findProject,
      events,
      clock,
      routes: [
        ...component.routes,
        ...rps.routes,
        ciraCertificate,
        ...serviceRoutes({
          version: '0.0.0',
          ready: async () => [],
          metrics: async () => '',
          metricsType: 'text/plain',
          deployment: () => deployment,
        }),
      ],
      audit: component.inventory.record,
      grpc: [],
      sockets: [],
      raw: [{ prefix: '/realms/', handle: (request, response) => issuer.handle(request, response) }],
      contextKey: createContextKey<RequestContext | undefined>(undefined),
    })
  let serving = await host()

  /** By name of host. */
  const scripts = new Map<string, Script>()
  let drives = Promise.resolve()
  bus.subscribe('operation.changed', ({ operationId, hostId, life }) => {
    if (life !== 'queued') return
    const advance = (change: OperationChange) =>
      component.inventory.advanceOperation(project.id, operationId, 1, change, undefined, patience())
    drives = drives.then(async () => {
      const name = (await component.inventory.host(project.id, { id: hostId }, patience()))?.name ?? ''
      const script = scripts.get(name)
      if (script === undefined) return
      scripts.delete(name)
      await advance({ life: 'running', attempt: 1 })
      for (const step of script.steps)
        await advance({ addSteps: [{ at: clock.now(), step, message: `The ${step} is done.` }] })
      await advance(script.end)
    })
  })

  return {
    folder,
    origin,
    caFile,
    ca: authority.certificate,
    events,
    accounts,
    project,
    other,
    /** What it says of itself. */
    deployment,
    inventory: component.inventory,
    /** Puts many hosts where they can be listed; returns their names. */
    registerMany: (count: number): Promise<string[]> =>
      database.inventory.transaction(async (tables) => {
        const names: string[] = []
        for (let n = 1; n <= count; n++) {
          const host = aHost(0x100000 + n, { project: project.id })
          await tables.hosts.insert(host)
          names.push(host.name)
        }
        return names
      }, patience()),
    /** The next operation that is requested of this host goes like this. */
    willGo: (name: string, script: Script) => {
      scripts.set(name, script)
    },
    /** Drives one operation that is queued already. */
    carryOut: async (id: string, { end }: Script): Promise<void> => {
      const advance = (change: OperationChange) =>
        component.inventory.advanceOperation(project.id, id, 1, change, undefined, patience())
      await advance({ life: 'running', attempt: 1 })
      await advance(end)
    },
    /** The process is gone for as long as `work` takes. */
    away: async (work: () => Promise<void>) => {
      await serving.close()
      await work()
      listeners = await open()
      serving = await host()
    },
    passwordFile: async (password = PASSWORD) => {
      const file = join(folder, 'password')
      await writeFile(file, `${password}\n`, { mode: 0o600 })
      return file
    },
    async [Symbol.asyncDispose]() {
      await drives
      await serving.drain()
      await serving.close()
      await rps.stop()
      await component.stop()
      await issuer.stop()
      await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
export type Orchestrator = Awaited<ReturnType<typeof serveOrchestrator>>

export const succeeds = (...steps: string[]): Script => ({ steps, end: { life: 'succeeded' } })
export const fails = (fault: FaultRecord, ...steps: string[]): Script => ({
  steps,
  end: { life: 'failed', fault: new Fault(fault).record() },
})
