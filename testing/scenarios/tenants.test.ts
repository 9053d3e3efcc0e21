import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Code, ConnectError, createClient, type Interceptor } from '@connectrpc/connect'
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { openDatabase } from '@outrider/database'
import { createIssuer } from '@outrider/issuer'
import { agent, deviceManagement } from '@outrider/protocols/grpc'
import { type Permission, roles } from '@outrider/protocols/rest'
import { type Guid, guid, secret } from '@outrider/protocols/values'
import { openSecretsFile } from '@outrider/secrets-file'
import { fromEnvironment, type OrchestratorConfig, orchestratorConfig } from '../../apps/orchestrator/config/index.ts'
import { type Orchestrator, startOrchestrator } from '../../apps/orchestrator/orchestrator.ts'
import { createTelemetry } from '../../apps/orchestrator/telemetry/index.ts'
import { type Answer, Api, type HostView, type Served } from '../deployment/index.ts'
import { realClock, realRandom, recordEvents } from '../harness/index.ts'

const PASSWORD = 'correct horse battery'
const people = roles.filter((role) => role !== 'agent')
type Person = (typeof people)[number]

/** What each role may, written down once more: the table under test is not asked what is right. */
const LEAST: Readonly<Record<Exclude<Permission, 'public' | 'agent'>, Person>> = {
  view: 'viewer',
  power: 'power-operator',
  operate: 'operator',
  administer: 'admin',
}
const isBelow = (role: Person, permission: Permission): boolean =>
  permission === 'agent' || (permission !== 'public' && people.indexOf(role) < people.indexOf(LEAST[permission]))

const OTHER: Guid = guid('9f0c1d2e-3b4a-4c5d-8e6f-708192a3b4c5')
const DEVICE = '5b1f8a52-0c3d-4d6e-9f7a-1b2c3d4e5f60'
const own = { name: 'tenant-one-host', serialNumber: 'TENANT1HOST', uuid: '4c4c4544-0042-4a10-8060-000000000001' }
const sibling = { name: 'tenant-one-twin', serialNumber: 'TENANT1TWIN', uuid: '4c4c4544-0042-4a10-8060-000000000002' }
const foreign = { name: 'tenant-two-host', serialNumber: 'TENANT2HOST', uuid: '4c4c4544-0042-4a10-8060-000000000003' }
const CIRA_CONFIG = 'tenant-one-cira'
const PROFILE = 'tenant-one-profile'
const ciraConfig = {
  configName: CIRA_CONFIG,
  mpsServerAddress: 'tenant-one.example',
  mpsPort: 4433,
  username: 'tenantone',
  commonName: '',
  serverAddressFormat: 201,
  authMethod: 2,
  mpsRootCertificate: 'MIIBtenantone',
  proxyDetails: '',
}
const profile = {
  profileName: PROFILE,
  activation: 'ccmactivate',
  generateRandomPassword: true,
  generateRandomMEBxPassword: false,
  tags: ['tenant-one-tag'],
  dhcpEnabled: true,
  ipSyncEnabled: true,
  localWifiSyncEnabled: false,
  wifiConfigs: [],
  userConsent: 'All',
  iderEnabled: false,
  kvmEnabled: true,
  solEnabled: true,
}
const device = { guid: DEVICE, hostname: 'tenant-one-device', mpsusername: 'tenantone', tags: ['tenant-one-tag'] }

/** A body each route takes: a request that is malformed would be refused for that alone. */
const bodies: Readonly<Record<string, object>> = {
  'POST /v1/projects/:project/compute/hosts/register': foreign,
  'PATCH /v1/projects/:project/compute/hosts/:id/register': { name: 'stolen' },
  'POST /v1/projects/:project/compute/hosts': { name: foreign.name },
  'PATCH /v1/projects/:project/compute/hosts/:id': { desiredPowerState: 'POWER_STATE_ON' },
  'PUT /v1/projects/:project/compute/hosts/:id': { name: 'stolen' },
  'POST /v1/projects/:project/compute/hosts/:id/agent-env': {},
  'POST /api/v1/devices': {
    ...device,
    hostname: 'stolen',
    mpspassword: 'Stolen-P4ssword',
    password: 'Stolen-P4ssword',
  },
  'POST /api/v1/amt/power/action/:guid': { action: 10 },
}
const bodyFor = (method: string, path: string): object | undefined => {
  const known = bodies[`${method} ${path}`]
  if (known !== undefined) return known
  if (method === 'GET' || method === 'DELETE') return undefined
  if (path.endsWith('/ciraconfigs')) return { ...ciraConfig, mpsServerAddress: 'stolen.example', version: '1' }
  if (path.endsWith('/profiles')) return { ...profile, tags: ['stolen'], version: '1' }
  return {}
}

describe('every route and every call of a running orchestrator', () => {
  let folder: string
  let running: Orchestrator
  let served: Served
  let admin: Api
  let stranger: Api
  const byRole = new Map<Person, Api>()
  let host: HostView
  let operation: string
  let project: string

  const config = (): OrchestratorConfig =>
    fromEnvironment<OrchestratorConfig>(orchestratorConfig, 'OUTRIDER_', {
      OUTRIDER_DATA: join(folder, 'data'),
      OUTRIDER_LISTEN: '127.0.0.1:0',
      OUTRIDER_CIRA_LISTEN: '127.0.0.1:0',
    })
  const start = (): Promise<Orchestrator> =>
    startOrchestrator(config(), createTelemetry('error', { write: () => undefined }), AbortSignal.timeout(60_000))

  /** A second project, and people of every role in each: a deployment has no route for that yet. */
  const populate = async (): Promise<void> => {
    const signal = AbortSignal.timeout(30_000)
    const data = join(folder, 'data')
    const secrets = await openSecretsFile({ path: join(data, 'secrets'), keyPath: join(data, 'secrets.key') })
    await using database = await openDatabase({ path: join(data, 'outrider.db') }, { clock: realClock })
    const { accounts } = createIssuer({
      config: { accessTokenSeconds: 3600, refreshTokenSeconds: 3600, lockAfterFailures: 5, lockSeconds: 60 },
      origin: 'https://localhost',
      audience: 'outrider',
      store: database.issuer,
      secrets,
      clock: realClock,
      random: realRandom,
      events: recordEvents(),
    })
    const first = await database.inventory.transaction(async (tables) => {
      await tables.projects.insert({ id: OTHER, name: 'other' })
      return (await tables.projects.byName('default'))!
    }, signal)
    for (const role of people)
      await accounts.createUser(`one-${role}`, secret(PASSWORD), [{ project: first.id, role }], signal)
    await accounts.createUser('stranger', secret(PASSWORD), [{ project: OTHER, role: 'admin' }], signal)
    await secrets.close()
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-tenants-'))
    running = await start()
    await running.stop()
    await populate()
    running = await start()
    served = {
      port: Number(new URL(running.origin).port),
      caFile: running.caFile,
      passwordFile: running.adminPasswordFile!,
    }
    stranger = new Api(served, 'stranger', PASSWORD)
    for (const role of people) byRole.set(role, new Api(served, `one-${role}`, PASSWORD))
    admin = byRole.get('admin')!
    const { projects } = await admin.json<{ projects: readonly { id: string; name: string }[] }>('GET', '/v1/projects')
    project = projects[0]!.id
    host = await admin.json<HostView>('POST', `${admin.compute}/hosts/register`, { body: own })
    await admin.json('POST', `${admin.compute}/hosts/register`, { body: sibling })
    operation = await admin.request(host.resourceId, { desiredAmtState: 'AMT_STATE_PROVISIONED' })
    await admin.json('POST', '/api/v1/devices', { body: device })
    await admin.json('POST', '/api/v1/admin/ciraconfigs', { body: ciraConfig })
    await admin.json('POST', '/api/v1/admin/profiles', { body: profile })
  })
  after(async () => {
    for (const api of [stranger, ...byRole.values()]) api.close()
    await running.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Everything the owner can see of what is theirs, to be compared. */
  const inventory = async (): Promise<Readonly<Record<string, unknown>>> => ({
    hosts: await admin.json('GET', `${admin.compute}/hosts`),
    // Still waiting for an agent: its steps may grow, its life may not change.
    life: (await admin.operation(operation)).life,
    device: await admin.json('GET', `/api/v1/devices/${DEVICE}`),
    profile: await admin.json('GET', `/api/v1/admin/profiles/${PROFILE}`),
    ciraConfig: await admin.json('GET', `/api/v1/admin/ciraconfigs/${CIRA_CONFIG}`),
  })

  /** Addresses of a row with our things for its parameters. */
  const addresses = (path: string, projects: readonly string[]): { readonly at: string; readonly thing: string }[] => {
    const things = path.includes(':guid')
      ? [DEVICE]
      : path.includes('/operations/:id')
        ? [operation]
        : path.includes(':id')
          ? [host.resourceId, own.name, own.uuid, own.serialNumber]
          : path.includes(':name')
            ? [path.includes('profiles') ? PROFILE : CIRA_CONFIG]
            : ['']
    const named = path.includes(':project') ? projects : ['']
    return named.flatMap((name) =>
      things.map((thing) => ({
        at: path
          .replace(':project', name)
          .replace(/:(id|guid|name)\b/, thing)
          // Parameters of rows this test has not heard of.
          .replace(/:\w+/g, host.resourceId),
        thing,
      })),
    )
  }

  it('shows and does nothing of one project to the admin of another', async (context) => {
    const before = await inventory()
    const marks = [
      ...[host.resourceId, own.name, own.serialNumber, own.uuid, operation, project],
      ...[sibling.name, sibling.serialNumber, sibling.uuid],
      ...[DEVICE, device.hostname, 'tenant-one-tag', CIRA_CONFIG, PROFILE, ciraConfig.mpsServerAddress, 'tenantone'],
    ]
    let crossings = 0
    // What a stranger types is on record in their own audit from then on, and what they make is theirs: so lists
    // come first, then what is read, then what is changed, then what is made.
    const late = ({ method, path }: (typeof running.table)[number]): number =>
      (method === 'GET' ? 0 : method === 'POST' ? 4 : 2) + (/:(id|guid|name)\b/.test(path) ? 1 : 0)
    const rows = [...running.table].sort((a, b) => late(a) - late(b))
    for (const { method, path, permission } of rows) {
      if (permission === 'public') continue
      for (const { at, thing } of addresses(path, ['other', 'default', project])) {
        const body = bodyFor(method, path)
        const answer = await stranger.ask(method, at, { ...(body === undefined ? {} : { body }) })
        const typed = `${at} ${JSON.stringify(body ?? {})}`
        const said = `${JSON.stringify(answer.headers)} ${answer.text}`
        // What the stranger typed may come back; nothing else may.
        for (const mark of marks)
          assert.ok(typed.includes(mark) || !said.includes(mark), `${method} ${at} says ${mark}: ${said}`)
        const isTheirs = path.includes(':project') && at.includes('/projects/other/') && thing === ''
        if (thing !== '' || method === 'PATCH' || (path.includes(':project') && !isTheirs)) {
          assert.ok(
            answer.status >= 400 && answer.status < 500,
            `${method} ${at} was answered ${answer.status}: ${said}`,
          )
          assert.notEqual(answer.status, 401)
        }
        crossings++
      }
    }
    assert.deepEqual(await inventory(), before)
    assert.ok(crossings > 100)
    context.diagnostic(`${crossings} crossings on ${running.table.length} routes`)
  })

  it('refuses each role what is above it, and everybody who does not say who they are', async (context) => {
    const before = await inventory()
    let refusals = 0
    const refusedAs = (answer: Answer, status: number, code: string, what: string): void => {
      assert.deepEqual([answer.status, answer.headers['outrider-fault']], [status, code], `${what}: ${answer.text}`)
      refusals++
    }
    for (const { method, path, permission } of running.table) {
      if (permission === 'public') continue
      const [{ at } = assert.fail()] = addresses(path, ['default'])
      const body = bodyFor(method, path)
      const call = body === undefined ? {} : { body }
      for (const role of people)
        if (isBelow(role, permission))
          refusedAs(await byRole.get(role)!.ask(method, at, call), 403, 'PERMISSION_DENIED', `${role}: ${method} ${at}`)
      refusedAs(await admin.ask(method, at, { ...call, token: 'nobody' }), 401, 'TOKEN_REFUSED', `${method} ${at}`)
    }
    assert.deepEqual(await inventory(), before)
    assert.ok(refusals > 100)
    context.diagnostic(`${refusals} refusals`)
  })

  describe('agents', () => {
    let tokens: Readonly<Record<'own' | 'sibling' | 'foreign' | 'admin', string>>
    const sessions: Http2SessionManager[] = []
    before(async () => {
      const enrolled = async (owner: Api, compute: string, key: string, serial: string, uuid: string) => {
        const { resourceId } = await owner.json<HostView>('GET', `${compute}/hosts/${key}`)
        const { environment } = await owner.json<{ environment: Readonly<Record<string, string>> }>(
          'POST',
          `${compute}/hosts/${resourceId}/agent-env`,
          { body: {} },
        )
        const { clientId, clientSecret } = await owner.json<{ clientId: string; clientSecret: string }>(
          'POST',
          '/v1/enrolment',
          { body: { token: environment.OUTRIDER_ENROLMENT_TOKEN, serial, uuid } },
        )
        return owner.clientToken(clientId, clientSecret)
      }
      const other = '/v1/projects/other/compute'
      await stranger.ask('POST', `${other}/hosts/register`, { body: foreign })
      tokens = {
        own: await enrolled(admin, admin.compute, own.name, own.serialNumber, own.uuid),
        sibling: await enrolled(admin, admin.compute, sibling.name, sibling.serialNumber, sibling.uuid),
        foreign: await enrolled(stranger, other, foreign.name, foreign.serialNumber, foreign.uuid),
        admin: await admin.token(),
      }
    })
    after(() => {
      for (const session of sessions) session.abort()
    })

    it('may use no route that is not for agents', async (context) => {
      let refusals = 0
      for (const { method, path, permission } of running.table) {
        if (permission === 'public' || permission === 'agent') continue
        const [{ at } = assert.fail()] = addresses(path, ['default'])
        const body = bodyFor(method, path)
        const answer = await admin.ask(method, at, { ...(body === undefined ? {} : { body }), token: tokens.own })
        assert.equal(answer.status, 403, `${method} ${at}: ${answer.text}`)
        refusals++
      }
      context.diagnostic(`${refusals} refusals of an agent`)
    })

    /** Calls a method, whatever its kind, and gives the code it ended with; `undefined` where it was let in. */
    const call = async (
      service: typeof agent.AgentService | typeof deviceManagement.DeviceManagement,
      method: string,
      token: string,
      uuid: string,
    ): Promise<Code | undefined> => {
      const authorize: Interceptor = (next) => (request) => {
        request.header.set('authorization', `Bearer ${token}`)
        return next(request)
      }
      const sessionManager = new Http2SessionManager(running.origin, {}, { ca: readFileSync(running.caFile) })
      sessions.push(sessionManager)
      const transport = createGrpcTransport({ baseUrl: running.origin, interceptors: [authorize], sessionManager })
      const client = createClient(service as typeof agent.AgentService, transport) as unknown as Readonly<
        Record<string, (request: object, options: object) => Promise<unknown> | AsyncIterable<unknown>>
      >
      const request = {
        ...{ hostUuid: uuid, hostId: uuid, serialNumber: own.serialNumber, orderId: 'or-1' },
        ...{ status: 1, feature: 'AMT', activationStatus: 2, state: 4 },
      }
      try {
        const answer = client[method]!(request, { timeoutMs: 5000 })
        if (Symbol.asyncIterator in answer) for await (const _ of answer) break
        else await answer
        return undefined
      } catch (error) {
        return ConnectError.from(error).code
      } finally {
        sessionManager.abort()
      }
    }

    it('speak for their own host and for no other, on each call', async (context) => {
      const before = await inventory()
      let refusals = 0
      for (const service of [agent.AgentService, deviceManagement.DeviceManagement] as const)
        for (const { localName } of service.methods) {
          for (const who of ['sibling', 'foreign', 'admin'] as const) {
            const code = await call(service, localName, tokens[who], own.uuid)
            const about = `${service.typeName}.${localName} with the token of ${who}: ${code === undefined ? 'let in' : Code[code]}`
            assert.ok(code === Code.PermissionDenied || code === Code.NotFound, about)
            refusals++
          }
          assert.equal(await call(service, localName, 'nobody', own.uuid), Code.Unauthenticated)
        }
      assert.deepEqual(await inventory(), before)
      // It was not the request: the host's own agent is let in.
      assert.equal(await call(agent.AgentService, 'reportOrder', tokens.own, own.uuid), undefined)
      context.diagnostic(`${refusals} calls refused to agents of other hosts`)
    })
  })
})
