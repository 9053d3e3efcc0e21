import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { create, type DescMethodStreaming, type DescMethodUnary, type DescService } from '@bufbuild/protobuf'
import { Code, ConnectError, type Transport } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { openDatabase } from '@outrider/database'
import type { SecretPath } from '@outrider/domain/ports'
import { Accounts } from '@outrider/issuer'
import { TriggerReason } from '@outrider/protocols/apf'
import * as grpc from '@outrider/protocols/grpc'
import { type Permission, type Role, roles } from '@outrider/protocols/rest'
import { type Guid, guid, secret } from '@outrider/protocols/values'
import { openSecretsFile } from '@outrider/secrets-file'
import { type DeviceTunnel, dialCira, Sweeper } from '@outrider/sessions/cira'
import type { TSchema } from 'typebox'
import { type Orchestrator, startOrchestrator } from '../../apps/orchestrator/orchestrator.ts'
import { createTelemetry } from '../../apps/orchestrator/telemetry/index.ts'
import { ProvisioningPki } from '../../components/rps/test/provisioning-pki.ts'
import { realClock, realRandom, until } from '../harness/index.ts'

type Row = Orchestrator['table'][number]
type Values = Readonly<Record<string, unknown>>

/** What answers anybody, and what answers the same to everybody: each such row is a decision. */
const PUBLIC = [
  'GET /healthz',
  'GET /readyz',
  'GET /metrics',
  'POST /v1/enrolment',
  'GET /api/v1/ciracert',
  'GET /api/v1/version',
]
const SAME_FOR_ALL = [
  'GET /api/v1/admin',
  'GET /api/v1/admin/version',
  'GET /api/v1/admin/health',
  'GET /v1/orchestrator',
]
/** A GUID is of one device wherever it is: whoever claims it is told that it is taken, and nothing else. */
const TELLS_THAT_IT_IS_TAKEN = 'POST /api/v1/devices'

const MAY: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['view'],
  'power-operator': ['view', 'power'],
  operator: ['view', 'power', 'operate'],
  admin: ['view', 'power', 'operate', 'administer'],
  agent: ['agent'],
}

/** Everything by which the objects of one project can be named; of the same form whatever the word of five letters. */
interface Names {
  readonly word: string
  project: Guid
  host: string
  otherHost: string
  operation: string
  readonly name: string
  readonly serial: string
  readonly uuid: Guid
  readonly otherUuid: Guid
  readonly guid: Guid
  readonly otherGuid: Guid
}

const names = (word: string, digit: string): Names => {
  const uuid = (kind: string): Guid => guid(`${digit.repeat(8)}-${kind}-4000-8000-${digit.repeat(12)}`)
  return {
    word,
    project: uuid('0001'),
    host: `host-${digit.repeat(8)}`,
    otherHost: `host-${digit.repeat(7)}0`,
    operation: `op-${digit.repeat(20)}`,
    name: `${word}-machine`,
    serial: `${word.toUpperCase()}0001`,
    uuid: uuid('0002'),
    otherUuid: uuid('0003'),
    guid: uuid('0004'),
    otherGuid: uuid('0005'),
  }
}

const identifiers = (of: Names): string[] => [
  ...[of.project, of.host, of.otherHost, of.operation, of.uuid, of.otherUuid, of.guid, of.otherGuid],
  // Every other name has it in it.
  of.word,
  of.word.toUpperCase(),
]

const password = (word: string, kind: string): string => `${kind}-P4ss!-${word}`

describe('projects do not see each other', () => {
  // Two that exist, and one whose ids nobody has.
  const north = names('north', '2')
  const south = names('south', '3')
  const nowhere = names('nowhr', '6')
  const tokens = new Map<string, string>()
  const channels: number[] = []
  const sweeper = new Sweeper()
  let pfx: string
  let home: string
  let running: Orchestrator
  let ca: string
  let plain: string
  let tunnel: DeviceTunnel
  let combinations = 0

  const token = (of: Names, role: string): string => tokens.get(`${of.word}-${role}`) ?? ''
  const url = (): string => running.listening.find((at) => at.startsWith('http:')) ?? ''

  const start = async (): Promise<void> => {
    const listen = ['127.0.0.1:0', 'http://127.0.0.1:0']
    const rest = { publicHost: 'localhost', ciraKey: 'rsa-2048', rpsOpen: false, logLevel: 'error' } as const
    const config = {
      data: join(home, 'data'),
      listen,
      ciraListen: ['127.0.0.1:0'],
      activationSeconds: 1800,
      graceSeconds: 1,
      ...rest,
    }
    const telemetry = createTelemetry('error', { write: () => undefined })
    running = await startOrchestrator(config, telemetry, AbortSignal.timeout(30_000))
    ca = await readFile(running.caFile, 'utf8')
    plain = url()
  }

  const grant = async (fields: Readonly<Record<string, string>>): Promise<string> => {
    const body = new URLSearchParams(fields)
    const answer = await fetch(`${plain}/realms/master/protocol/openid-connect/token`, { method: 'POST', body })
    const { access_token } = (await answer.json()) as { access_token?: string }
    assert.ok(access_token, `${JSON.stringify(fields)}: ${answer.status}`)
    return access_token
  }
  const login = async (of: Names, role: Role): Promise<void> => {
    const user = `${of.word}-${role}`
    const fields = {
      grant_type: 'password',
      client_id: 'system-client',
      username: user,
      password: password(of.word, role),
    }
    tokens.set(user, await grant(fields))
  }

  const dial = async (of: Names): Promise<DeviceTunnel> => {
    const [host = '', port = ''] = running.cira[0]?.split(':') ?? []
    const socket = connect({ host, port: Number(port), ca, servername: 'localhost' })
    await once(socket, 'secureConnect')
    const accept = (at: number): boolean => {
      channels.push(at)
      return false
    }
    const who = { guid: of.guid, user: 'admin', password: secret(password(of.word, 'mps')) }
    const as = { sweeper, trigger: TriggerReason.periodic, ports: [16992, 623], address: '', accept }
    return dialCira(socket, { ...who, ...as }, AbortSignal.timeout(10_000))
  }

  interface Request {
    readonly method: string
    readonly path: string
    readonly body?: unknown
    readonly headers?: Readonly<Record<string, string>>
  }
  interface Answer {
    readonly status: number
    readonly code: string
    readonly text: string
    readonly operation: string
  }
  const ask = async (bearer: string, { method, path, body, headers }: Request): Promise<Answer> => {
    const answer = await fetch(plain + path, {
      method,
      headers: {
        ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const code = answer.headers.get('outrider-fault') ?? ''
    const operation = answer.headers.get('outrider-operation') ?? ''
    return { status: answer.status, code, operation, text: await answer.text() }
  }

  // ---- bodies, paths and queries that name the objects of `of`, by the declarations of the row

  const pathOf = ({ path }: Row, of: Names, project: string, host: string): string =>
    path.replace(/:(\w+)/g, (_, parameter: string) => {
      const value = {
        project,
        guid: of.guid,
        id: path.includes('/operations/') ? of.operation : host,
        name: path.includes('/ciraconfigs/') ? `${of.word}-cira` : nameIn(path, of),
      }[parameter]
      assert.ok(value, `say here what :${parameter} of ${path} is`)
      return encodeURIComponent(value)
    })
  const nameIn = (path: string, { word }: Names): string =>
    `${word}-${path.includes('/domains') ? 'domain' : 'profile'}`

  const known = (of: Names): Values => ({
    name: of.name,
    serialNumber: of.serial,
    uuid: of.uuid,
    guid: of.guid,
    hostname: `${of.word}-device`,
    friendlyName: `${of.word} friend`,
    tags: `${of.word}-tag`,
    tenantId: of.project,
    host: of.host,
    filter: `name="${of.name}"`,
  })
  const example = (schema: TSchema, of: Names): unknown => {
    const node = schema as unknown as {
      const?: unknown
      enum?: unknown[]
      anyOf?: TSchema[]
      type?: string
      pattern?: string
      minLength?: number
      minimum?: number
      properties?: Record<string, TSchema>
      required?: string[]
    }
    if ('const' in node) return node.const
    if (node.enum !== undefined) return node.enum.at(-1)
    if (node.anyOf?.[0] !== undefined) return example(node.anyOf[0], of)
    if (node.type === 'object') {
      const fields = Object.entries(node.properties ?? {}).flatMap(([name, sub]) => {
        if (name === 'tags') return [[name, [`${of.word}-tag`]]]
        if (name in known(of)) return [[name, known(of)[name]]]
        return node.required?.includes(name) ? [[name, example(sub, of)]] : []
      })
      return Object.fromEntries(fields)
    }
    if (node.type === 'array') return []
    if (node.type === 'boolean') return true
    if (node.type === 'integer' || node.type === 'number') return node.minimum ?? 0
    return node.pattern?.includes('0-9a-fA-F') ? of.guid : 'x'.repeat(node.minLength ?? 0)
  }
  /** Bodies of rows whose declaration says little. */
  const bodies: Readonly<Record<string, (of: Names) => Values>> = {
    '/admin/ciraconfigs': ({ word }) => ({
      configName: `${word}-cira`,
      mpsServerAddress: `mps.${word}.test`,
      mpsPort: 4433,
      username: 'admin',
      password: password(word, 'cira').slice(0, 16),
      commonName: '',
      serverAddressFormat: 201,
      authMethod: 2,
      mpsRootCertificate: 'AAAA',
      version: '1',
    }),
    '/admin/profiles': ({ word }) => ({
      profileName: `${word}-profile`,
      activation: 'ccmactivate',
      generateRandomPassword: false,
      amtPassword: password(word, 'Amt1'),
      dhcpEnabled: true,
      version: '1',
    }),
    '/admin/domains': ({ word }) => ({
      profileName: `${word}-domain`,
      domainSuffix: `${word}.vprodemo.com`,
      provisioningCert: pfx,
      provisioningCertPassword: 'P@ssw0rd',
      provisioningCertStorageFormat: 'string',
      version: '1',
    }),
    '/devices': (of) => ({
      ...{ guid: of.guid, hostname: `${of.word}-device`, friendlyName: `${of.word} friend`, tags: [`${of.word}-tag`] },
      ...{ mpsusername: 'admin', mpspassword: password(of.word, 'mps'), username: 'admin' },
      password: password(of.word, 'amt'),
    }),
    '/compute/hosts/:id': () => ({
      desiredPowerState: 'POWER_STATE_OFF',
      desiredAmtState: 'AMT_STATE_UNPROVISIONED',
      metadata: [{ key: 'seen', value: 'yes' }],
    }),
  }
  /** The body the end of the path asks for, else one after the declaration. */
  const bodyOf = (row: Row, of: Names): { body?: unknown } => {
    if (row.body === undefined) return {}
    const end = Object.keys(bodies).find((each) => row.path.endsWith(each))
    return { body: end === undefined ? example(row.body, of) : bodies[end]?.(of) }
  }
  const queryOf = (row: Row, of: Names): string => {
    const properties = Object.keys((row.query as { properties?: object } | undefined)?.properties ?? {})
    const named = properties.filter((name) => name in known(of))
    return named.map((name) => `${name}=${encodeURIComponent(String(known(of)[name]))}`).join('&')
  }

  const keyOf = ({ method, path }: Row): string => `${method} ${path}`
  const guarded = (): Row[] => running.table.filter(({ permission }) => permission !== 'public')
  /** Makes something new, in a project of the caller. */
  const creates = ({ method, path }: Row): boolean => method === 'POST' && !/:(?!project\b)/.test(path)

  /** The ways in which a caller of `own` can name the objects of `of` by this row; the plainest ones, or every one. */
  const requestsFor = (row: Row, of: Names, own: Names, how: 'plainly' | 'in every way'): Request[] => {
    const base = { method: row.method, ...bodyOf(row, of) }
    const projects = row.scope === 'path' ? [own.project, of.project, of.word] : [own.project]
    const plain = projects.map((project) => ({ ...base, path: pathOf(row, of, project, of.host) }))
    const [first] = plain
    if (how === 'plainly' || first === undefined) return plain
    const query = queryOf(row, of)
    const others = row.path.includes('/hosts/:id') ? [of.name, of.serial, of.uuid, of.guid] : []
    return [
      ...plain,
      ...plain.map((request) => ({ ...request, headers: { activeprojectid: of.project } })),
      ...(query === '' ? [] : [{ ...first, path: `${first.path}?${query}` }]),
      ...others.map((host) => ({ ...base, path: pathOf(row, of, own.project, host) })),
    ]
  }

  // ---- what must stay as it is

  /** Every row of every table in which the project is named, but for what passes by itself. */
  const rowsOf = ({ project }: Names): string[] => {
    const database = new DatabaseSync(join(home, 'data/outrider.db'), { readOnly: true })
    try {
      const tables = database.prepare("select name from sqlite_master where type = 'table'").all()
      return tables.flatMap(({ name }) =>
        // Who drives an operation holds and renews its lease, and a device that is connected is seen again and again.
        name === 'lease'
          ? []
          : database
              .prepare(`select * from "${name}"`)
              .all()
              .map((row) => `${name} ${JSON.stringify({ ...row, last_seen: undefined })}`)
              // That something was refused is recorded where it was tried.
              .filter((row) => row.includes(project) && !/^audit .*outcome\\*":\\*"refused/.test(row)),
      )
    } finally {
      database.close()
    }
  }

  const populate = async (of: Names, more: boolean): Promise<void> => {
    const admin = token(of, 'admin')
    const done = async (request: Request): Promise<Answer & { json: Record<string, unknown> }> => {
      const answer = await ask(admin, request)
      assert.ok(answer.status < 300, `${request.method} ${request.path}: ${answer.status} ${answer.text}`)
      return { ...answer, json: answer.text === '' ? {} : (JSON.parse(answer.text) as Record<string, unknown>) }
    }
    const compute = `/v1/projects/${of.word}/compute/hosts`
    const post = (path: string, body: unknown) => done({ method: 'POST', path, body })
    const identity = { name: of.name, serialNumber: of.serial, uuid: of.uuid }
    const host = await post(`${compute}/register`, { ...identity, autoOnboard: true, enableVpro: true })
    Object.assign(of, { host: String(host.json.resourceId), operation: host.operation })
    assert.match(of.operation, /^op-/)
    const { environment } = (await post(`${compute}/${of.host}/agent-env`, {})).json as { environment: Values }
    const enrolled = await post('/v1/enrolment', {
      token: environment.OUTRIDER_ENROLMENT_TOKEN,
      serial: of.serial,
      uuid: of.uuid,
    })
    const { clientId, clientSecret } = enrolled.json as { clientId: string; clientSecret: string }
    const credentials = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
    tokens.set(`${of.word}-agent`, await grant(credentials))
    for (const kind of ['/devices', '/admin/ciraconfigs', '/admin/profiles', '/admin/domains'])
      await post(`/api/v1${kind}`, bodies[kind]?.(of))
    if (!more) return
    // One more of what is only counted, so that no two projects count the same.
    const other = { name: `${of.word}-other`, serialNumber: `${of.serial}9`, uuid: of.otherUuid }
    of.otherHost = String((await post(`${compute}/register`, other)).json.resourceId)
    await post(`${compute}/${of.otherHost}/agent-env`, {})
    await post('/api/v1/devices', { guid: of.otherGuid, hostname: `${of.word}-other` })
  }

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'outrider-tenants-'))
    {
      using pki = new ProvisioningPki()
      pfx = pki.pfx().toString('base64')
    }
    const signal = AbortSignal.timeout(30_000)
    {
      await using database = await openDatabase({ path: join(home, 'data/outrider.db') }, { clock: realClock })
      const accounts = new Accounts(database.issuer, realClock, realRandom)
      for (const { word, project } of [north, south]) {
        await database.inventory.transaction(({ projects }) => projects.insert({ id: project, name: word }), signal)
        for (const role of roles)
          if (role !== 'agent')
            await accounts.createUser(`${word}-${role}`, secret(password(word, role)), [{ project, role }], signal)
      }
    }
    await start()
    for (const each of [north, south]) for (const role of roles) if (role !== 'agent') await login(each, role)
    await populate(north, true)
    await populate(south, false)
    tunnel = await dial(north)
    // The operation waits for its agent, and the device has been seen.
    await until(() => rowsOf(north).some((row) => row.startsWith('device ') && row.includes('"connected":1')))
    await until(() => rowsOf(north).some((row) => row.startsWith('operation ') && row.includes('waiting-for-agent')))
  })
  after(async () => {
    await running?.stop()
    await rm(home, { recursive: true })
  })

  /** An audit without what people of south did: what they named is told to them as they named it. */
  const withoutOwnActs = (text: string): string => {
    const { entries } = JSON.parse(text) as { entries?: { name: string }[] }
    const agents = new Set(rowsOf(south).flatMap((row) => /^account .*"name":"(edgenode-[^"]*)"/.exec(row)?.[1] ?? []))
    const own = ({ name }: { name: string }) => name.startsWith(`${south.word}-`) || agents.has(name)
    return entries === undefined ? text : JSON.stringify(entries.filter((entry) => !own(entry)))
  }
  /** What an answer shows of `of` beyond what the request said itself. */
  const leaks = (request: Request, answer: Answer, of: Names): string[] => {
    const text = request.path.includes('/audit') ? withoutOwnActs(answer.text) : answer.text
    const said = JSON.stringify(request).toLowerCase()
    const told = identifiers(of).filter((each) => !said.includes(each.toLowerCase()))
    return told.filter((each) => text.includes(each))
  }
  /** An answer with the names the request gave taken out, so that two can be compared. */
  const plainly = (text: string, of: Names): string => {
    let result = text
    for (const [at, each] of identifiers(of).entries()) result = result.replaceAll(each, `<${at}>`)
    return result
  }

  /** What another project was answered, by row: to be told from what the owner is. */
  const strangers = new Map<string, Answer>()

  test('no row shows, changes or betrays anything of another project', async () => {
    const untouched = rowsOf(north)
    assert.ok(untouched.length > 10)
    const problems: string[] = []
    // Those that make something come last: what they make has the names of the other project.
    const rows = guarded().sort((one, two) => Number(creates(one)) - Number(creates(two)))
    for (const row of rows)
      for (const role of roles) {
        const how = role === 'admin' ? 'in every way' : 'plainly'
        const twins = requestsFor(row, nowhere, south, how)
        for (const [at, request] of requestsFor(row, north, south, how).entries()) {
          const twin = twins[at]!
          const stranger = await ask(token(south, role), request)
          const nobody = await ask(token(south, role), twin)
          combinations++
          if (role === 'admin' && at === 0) strangers.set(keyOf(row), stranger)
          const where = `${role} of south: ${request.method} ${request.path} ${JSON.stringify(request.headers ?? {})}`
          const problem = (what: string) => problems.push(`${where}: ${what}: ${stranger.status} ${stranger.text}`)
          const leaked = leaks(request, stranger, north)
          if (leaked.length > 0) problem(`shows ${leaked}`)
          if (stranger.status < 300 && !creates(row) && /:(?!project\b)/.test(row.path)) problem('is a success')
          if (stranger.status < 300 && row.scope === 'path' && !request.path.includes(south.project))
            problem('is a success in a foreign project')
          if (stranger.status >= 500 && stranger.code !== nobody.code) problem('fails')
          // What is somebody else's and what nobody has look the same.
          const isMade = creates(row) && nobody.status < 300
          const same =
            keyOf(row) === TELLS_THAT_IT_IS_TAKEN ||
            (stranger.status === nobody.status &&
              stranger.code === nobody.code &&
              (isMade ||
                request.path.includes('/audit') ||
                plainly(stranger.text, north) === plainly(nobody.text, nowhere)))
          if (!same) problem(`differs from ${nobody.status} ${nobody.text}`)
        }
      }
    assert.deepEqual(problems, [])
    assert.deepEqual(rowsOf(north), untouched)
    assert.deepEqual(channels, [], 'a device of north was spoken to')
  })

  test('no row lets a lesser role of the same project do what it may not', async () => {
    const untouched = rowsOf(north)
    const problems: string[] = []
    for (const row of guarded())
      for (const role of roles.filter((each) => !MAY[each].includes(row.permission)))
        for (const request of requestsFor(row, north, north, 'plainly').slice(0, 1)) {
          const answer = await ask(token(north, role), request)
          combinations++
          const leaked = leaks(request, answer, north)
          if (answer.status !== 403 || answer.code !== 'PERMISSION_DENIED' || leaked.length > 0)
            problems.push(`${role}: ${request.method} ${request.path}: ${answer.status} ${answer.text}`)
        }
    assert.deepEqual(problems, [])
    // A power operator moves power, and nothing else by the same rows.
    const compute = '/v1/projects/north/compute'
    for (const request of [
      { method: 'PATCH', path: `${compute}/hosts/${north.host}`, body: { desiredAmtState: 'AMT_STATE_UNPROVISIONED' } },
      { method: 'PATCH', path: `${compute}/hosts/${north.host}`, body: { name: 'renamed' } },
      { method: 'POST', path: `${compute}/operations/${north.operation}/cancel` },
    ])
      assert.equal((await ask(token(north, 'power-operator'), request)).status, 403, JSON.stringify(request))
    assert.deepEqual(rowsOf(north), untouched)
    assert.deepEqual(channels, [])
  })

  test('the public rows are these, and say nothing of any project', async () => {
    const rows = running.table.filter(({ permission }) => permission === 'public')
    assert.deepEqual(rows.map(keyOf).sort(), [...PUBLIC].sort())
    const untouched = rowsOf(north)
    for (const row of rows) {
      const request = { method: row.method, path: row.path, ...bodyOf(row, north) }
      const body = { token: 'x'.repeat(43), serial: north.serial, uuid: north.uuid }
      const answer = await ask('', row.method === 'POST' ? { ...request, body } : request)
      combinations++
      for (const each of identifiers(north)) assert.ok(!answer.text.includes(each), `${keyOf(row)}: ${answer.text}`)
      if (row.method !== 'GET') assert.ok(answer.status >= 400, keyOf(row))
    }
    assert.deepEqual(rowsOf(north), untouched)
  })

  // ---- gRPC

  const services = Object.values(grpc).flatMap((file) =>
    (Object.values(file) as { kind?: unknown }[]).filter((each): each is DescService => each?.kind === 'service'),
  )
  /** How a call for the host with this UUID ends. */
  const call = async (transport: Transport, service: DescService, at: number, bearer: string, uuid: string) => {
    const method = service.methods[at]!
    const fields = method.input.fields.map(({ localName }) => localName).filter((name) => /^host(Uuid|Id)$/.test(name))
    assert.equal(fields.length, 1, `say here which field of ${method.name} names the host`)
    const input = create(method.input, { [fields[0]!]: uuid })
    const header = bearer === '' ? {} : { authorization: `Bearer ${bearer}` }
    try {
      if (method.methodKind === 'unary')
        await transport.unary(method as DescMethodUnary, undefined, 5_000, header, input)
      else {
        const asked = (async function* () {
          yield input
        })()
        const answer = await transport.stream(method as DescMethodStreaming, undefined, 1_000, header, asked)
        for await (const _ of answer.message) break
      }
      return 'answered'
    } catch (error) {
      return Code[ConnectError.from(error).code]
    }
  }

  test('no RPC takes an agent for another host, nor anybody else for an agent', async () => {
    assert.equal(services.length, 2)
    const transport = createGrpcTransport({ baseUrl: running.origin, nodeOptions: { ca } })
    const untouched = rowsOf(north)
    const refused = ['PermissionDenied', 'NotFound']
    for (const service of services)
      for (const [at, { name }] of service.methods.entries()) {
        const says = async (bearer: string, uuid: string, wanted: readonly string[], who: string) => {
          combinations++
          const code = await call(transport, service, at, bearer, uuid)
          assert.ok(code !== undefined && wanted.includes(code), `${service.typeName}.${name} by ${who}: ${code}`)
        }
        await says(token(north, 'agent'), north.otherUuid, ['PermissionDenied'], 'the agent of another host')
        await says(token(north, 'agent'), south.uuid, refused, 'the agent of another project')
        await says(token(south, 'agent'), north.uuid, refused, 'the agent of south')
        await says(token(north, 'agent'), nowhere.uuid, refused, 'an agent without a host')
        await says('', north.uuid, ['Unauthenticated'], 'nobody')
        for (const each of [north, south])
          for (const role of roles)
            if (role !== 'agent')
              await says(token(each, role), north.uuid, ['PermissionDenied'], `${role} of ${each.word}`)
      }
    assert.deepEqual(rowsOf(north), untouched)
    // That it can be otherwise: its own agent is heard.
    for (const service of services)
      for (const at of service.methods.keys()) {
        const code = await call(transport, service, at, token(north, 'agent'), north.uuid)
        assert.ok(![...refused, 'Unauthenticated'].includes(code ?? ''), `${service.methods[at]?.name}: ${code}`)
      }
  })

  // ---- that all of this can fail

  test('the secrets of the other project are as its owner left them', async () => {
    tunnel.close()
    await running.stop()
    {
      const [path, keyPath] = [join(home, 'data/secrets'), join(home, 'data/secrets.key')]
      const secrets = await openSecretsFile({ path, keyPath })
      const kept = async (where: SecretPath): Promise<string[]> => {
        const { promoted, pending } = await secrets.get(where, AbortSignal.timeout(5_000))
        assert.equal(pending, undefined)
        return Object.values(promoted?.values ?? {}).map((value) => value.reveal())
      }
      const { project, word } = north
      const device = await kept({ kind: 'device', project, guid: north.guid })
      assert.deepEqual(device.sort(), [password(word, 'mps'), password(word, 'amt')].sort())
      const cira = await kept({ kind: 'cira-config', project, name: `${word}-cira` })
      assert.deepEqual(cira, [password(word, 'cira').slice(0, 16)])
      assert.deepEqual(await kept({ kind: 'profile', project, name: `${word}-profile` }), [password(word, 'Amt1')])
      assert.ok((await kept({ kind: 'domain', project, name: `${word}-domain` })).includes('P@ssw0rd'))
      await secrets.close()
    }
    await start()
  })

  test('the owner, who asks the very same, is heard by every row', async (context) => {
    await login(north, 'admin')
    tunnel = await dial(north)
    const acts = ['POST', 'PATCH', 'PUT', 'refresh', 'disconnect', 'DELETE']
    const order = ({ method, path }: Row): number =>
      acts.indexOf(acts.find((act) => path.includes(`/${act}/`)) ?? method)
    const made = new Map<string, Names>()
    const problems: string[] = []
    const hear = async (row: Row): Promise<void> => {
      // Rows that make something have names of their own, and those that delete it take them up.
      const at = row.path.replace(/\/:name$/, '')
      if (creates(row)) made.set(at, names(`made${'abcdefghij'[made.size] ?? ''}`, String(made.size)))
      const of = (creates(row) || row.method === 'DELETE' ? made.get(at) : undefined) ?? north
      const [owner] = requestsFor(row, of, north, 'plainly')
      assert.ok(owner)
      const answer = await ask(token(north, 'admin'), owner)
      const stranger = strangers.get(keyOf(row))
      const differs = answer.status < 300 && stranger?.text !== answer.text
      const refused = answer.status >= 300 && answer.code !== stranger?.code && !/INVALID$/.test(answer.code)
      if (!differs && !refused) problems.push(`${keyOf(row)}: ${answer.status} ${answer.text} (${stranger?.status})`)
    }
    const [readers, others] = [true, false].map((reads) =>
      guarded().filter((row) => (row.method === 'GET') === reads && !SAME_FOR_ALL.includes(keyOf(row))),
    )
    // A device that takes no channel is asked again for a while: all who read wait for that together.
    await Promise.all((readers ?? []).map(hear))
    for (const row of (others ?? []).sort((one, two) => order(one) - order(two))) await hear(row)
    assert.deepEqual(problems, [])
    assert.ok(channels.length > 0, 'nobody spoke to the device')
    context.diagnostic(`${combinations} combinations of ${running.table.length} rows, every call, roles and names`)
  })
})
