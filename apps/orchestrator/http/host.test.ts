import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Code, ConnectError, createClient, createContextKey } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import type { Caller, RequestContext } from '@outrider/domain/identity'
import type { IdentityProvider } from '@outrider/domain/ports'
import { agent } from '@outrider/protocols/grpc'
import { type Role, route } from '@outrider/protocols/rest'
import { type Fault, faultTable, guid } from '@outrider/protocols/values'
import { Type } from 'typebox'
import { WebSocket } from 'ws'
import { type KeyedCertificate, openAuthority } from '../pki/index.ts'
import { systemClock, systemRandom } from '../system/index.ts'
import { ask } from '../test/client.ts'
import { memorySecrets } from '../test/memory-secrets.ts'
import { recordedEvents } from '../test/recorded-events.ts'
import { createHost, type Host, type HostOptions, type Listeners, type MountedRoute, openListeners } from './index.ts'

const mine = guid('7d1a0f0a-3c0e-4a0e-8a4e-0d3b8a1c2b3d')
const theirs = guid('00000000-0000-4000-8000-000000000001')
const contextKey = createContextKey<RequestContext | undefined>(undefined)
const faults = faultTable({
  TOY_BROKEN: { kind: 'conflict', message: 'The toy {toy} is broken.', remedy: 'Get another {toy}.' },
  DEVICE_NOT_CONNECTED: { kind: 'unavailable', message: 'Not connected.', remedy: 'Wait.' },
  AMT_LIKE: { kind: 'missing', message: 'There is no such thing.', remedy: 'Look again.' },
})

const callers: Record<string, Caller> = {}
const callerWith = (role: Role, hostId?: string): Caller => ({
  subject: role,
  kind: role === 'agent' ? 'agent' : 'user',
  name: role,
  projects: new Map([[mine, new Set([role])]]),
  ...(hostId !== undefined && { hostId }),
})
for (const role of ['viewer', 'power-operator', 'operator', 'admin'] as const) callers[role] = callerWith(role)
callers.agent = callerWith('agent', 'host-0a0b0c0d')
callers.stranger = { ...callerWith('admin'), projects: new Map([[theirs, new Set(['admin'] as const)]]) }

const refused = faultTable({ TOKEN_REFUSED: { kind: 'auth', message: 'refused', remedy: 'log in' } })
const identity: IdentityProvider = {
  async verify(token) {
    const caller = callers[token]
    if (caller === undefined) throw refused.TOKEN_REFUSED()
    return caller
  },
}

const row = route<RequestContext>()
const inProject = Type.Object({ project: Type.String(), name: Type.String() })
let seenSignal: AbortSignal | undefined
let waiting = Promise.withResolvers<void>()
const body = Type.Object(
  {
    name: Type.String({ maxLength: 5 }),
    size: Type.Optional(Type.Integer()),
    kind: Type.Union([Type.Literal('a'), Type.Literal('b')]),
  },
  { additionalProperties: false },
)
const failing = (origin: MountedRoute['origin']): MountedRoute =>
  row({
    method: 'POST',
    path: `/${origin}/:what`,
    about: 'Fails in the way of its name.',
    permission: 'view',
    scope: 'caller',
    origin,
    params: Type.Object({ what: Type.String() }),
    body: Type.Optional(body),
    handle: async ({ params }) => {
      if (params.what === 'broken') throw faults.TOY_BROKEN({ toy: 'train' })
      if (params.what === 'away') throw faults.DEVICE_NOT_CONNECTED({ guid: mine })
      if (params.what === 'missing') throw faults.AMT_LIKE()
      if (params.what === 'bug') throw new Error('the secret cause')
      return { status: 204 }
    },
  })

const routes: MountedRoute[] = [
  row({
    method: 'GET',
    path: '/v1/projects/:project/toys/:name',
    about: 'Echoes what reached the handler.',
    permission: 'view',
    scope: 'path',
    origin: 'ours',
    params: inProject,
    query: Type.Object(
      {
        count: Type.Optional(Type.Integer({ maximum: 9 })),
        all: Type.Optional(Type.Boolean()),
        tag: Type.Optional(Type.Array(Type.String())),
        $top: Type.Optional(Type.Integer()),
      },
      { additionalProperties: false },
    ),
    handle: async ({ params, query, headers, context, from }) => ({
      status: 200,
      headers: { 'Outrider-Operation': headers['outrider-echo'] ?? 'none' },
      body: {
        name: params.name,
        query,
        project: context.project,
        projects: context.projects,
        who: context.caller?.name,
        from,
      },
    }),
  }),
  row({
    method: 'PATCH',
    path: '/v1/projects/:project/toys/:name',
    about: 'Changes a toy.',
    permission: 'operate',
    scope: 'path',
    origin: 'ours',
    params: inProject,
    body,
    handle: async ({ body }) => ({ status: 200, body }),
  }),
  row({
    method: 'POST',
    path: '/v1/public',
    about: 'Open to all.',
    permission: 'public',
    scope: 'none',
    origin: 'ours',
    body: Type.Optional(Type.Object({ a: Type.Integer() })),
    handle: async ({ body, context }) => ({ status: 200, body: { body: body ?? null, projects: context.projects } }),
  }),
  row({
    method: 'GET',
    path: '/v1/wait',
    about: 'Answers never.',
    permission: 'view',
    scope: 'caller',
    origin: 'ours',
    handle: ({ signal }) => {
      seenSignal = signal
      waiting.resolve()
      return new Promise(() => undefined)
    },
  }),
  row({
    method: 'GET',
    path: '/v1/lines',
    about: 'Streams lines.',
    permission: 'view',
    scope: 'caller',
    origin: 'ours',
    handle: async () => ({
      status: 200,
      body: (async function* () {
        yield 'data: one\n\n'
        yield 'data: two\n\n'
      })(),
    }),
  }),
  failing('ours'),
  failing('legacy-northbound'),
  failing('legacy-mps'),
  failing('legacy-rps'),
]

const events = recordedEvents()
let folder: string
let server: KeyedCertificate
let ca: string
const opened: { host: Host; listeners: Listeners }[] = []
let origin: string
let plain: string

const serve = async (change: Partial<HostOptions> = {}) => {
  const listeners = await openListeners(
    [
      { scheme: 'https', host: '127.0.0.1', port: 0 },
      { scheme: 'http', host: '127.0.0.1', port: 0 },
    ],
    () => server,
  )
  const host = await createHost({
    listeners,
    identity,
    findProject: async (key) =>
      key === 'toys' ? { id: mine, name: key } : key === 'others' ? { id: theirs, name: key } : undefined,
    events,
    clock: systemClock,
    routes,
    grpc: [{ permission: 'agent', register: (router) => router.service(agent.AgentService, agentService()) }],
    sockets: [
      {
        path: '/echo',
        maxPayload: 1000,
        onConnection: (socket, { url, from }) => {
          socket.on('message', (data) => socket.send(`${String(data)} ${url.searchParams.get('q')} ${from}`))
        },
      },
    ],
    raw: [
      {
        prefix: '/realms/',
        handle: (request, response) => {
          let length = 0
          request.on('data', (part: Buffer) => {
            length += part.length
          })
          request.on('end', () => response.end(`raw ${length}`))
        },
      },
    ],
    contextKey,
    ...change,
  }).catch(async (error: unknown) => {
    await listeners.close(0)
    throw error
  })
  opened.push({ host, listeners })
  const [secure, open] = listeners.addresses
  return { host, origin: `https://127.0.0.1:${secure?.port}`, plain: `http://127.0.0.1:${open?.port}` }
}

let streamsOpen = 0
const agentService = () => ({
  async *watchOrders(
    _request: unknown,
    context: { signal: AbortSignal; values: { get(key: typeof contextKey): RequestContext | undefined } },
  ) {
    streamsOpen++
    try {
      yield { order: { orderId: context.values.get(contextKey)?.caller?.hostId ?? '' } }
      await new Promise((_, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason))
      })
    } finally {
      streamsOpen--
    }
  },
  async reportOrder(request: { orderId: string }) {
    if (request.orderId === 'broken') throw faults.TOY_BROKEN({ toy: 'train' })
    if (request.orderId === 'bug') throw new Error('the secret cause')
    return {}
  },
})

const grpcClient = (token: string, at = origin) =>
  createClient(
    agent.AgentService,
    createGrpcTransport({
      baseUrl: at,
      nodeOptions: { ca },
      interceptors: [
        (next) => (request) => {
          if (token !== '') request.header.set('authorization', `Bearer ${token}`)
          return next(request)
        },
      ],
    }),
  )

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-host-'))
  const signal = AbortSignal.timeout(20_000)
  const options = { clock: systemClock, random: systemRandom, file: join(folder, 'ca.crt'), publicHost: 'localhost' }
  const authority = await openAuthority({ ...options, secrets: memorySecrets() }, signal)
  server = authority.server()
  ca = authority.certificate
  const served = await serve()
  origin = served.origin
  plain = served.plain
})
after(async () => {
  for (const { host } of opened) await host.close()
  await rm(folder, { recursive: true })
})

const as = (token: string, more: Record<string, string> = {}) => ({
  headers: { authorization: `Bearer ${token}`, ...more },
  ca,
})
const toy = '/v1/projects/toys/toys/train'

test('a handler gets what it declared: parameters by type, the project, the caller, headers', async () => {
  const { status, json, headers } = await ask(
    origin,
    'GET',
    `${toy}?count=3&all=true&tag=x&%24top=5`,
    as('viewer', { 'Outrider-Echo': 'op-1' }),
  )
  assert.equal(status, 200)
  assert.deepEqual(json, {
    name: 'train',
    query: { count: 3, all: true, tag: ['x'], $top: 5 },
    project: mine,
    projects: [mine],
    who: 'viewer',
    from: '127.0.0.1',
  })
  assert.equal(headers['outrider-operation'], 'op-1')
  assert.ok(
    events
      .of('http.request')
      .some(
        ({ route, status, operation }) =>
          route === '/v1/projects/:project/toys/:name' && status === 200 && operation === 'op-1',
      ),
  )
})

test('the same row answers over HTTP/1.1, HTTP/2 and plain HTTP, by name and by UUID of the project', async () => {
  assert.equal((await ask(plain, 'GET', toy, as('viewer'))).status, 200)
  assert.equal((await ask(origin, 'GET', `/v1/projects/${mine.toUpperCase()}/toys/train`, as('viewer'))).status, 200)
  const session = connectHttp2(origin, { ca })
  const stream = session.request({ ':path': toy, authorization: 'Bearer viewer' })
  let text = ''
  stream.setEncoding('utf8')
  for await (const part of stream) text += part
  session.close()
  assert.equal(JSON.parse(text).name, 'train')
})

test('paths are matched without regard to case, values keep theirs', async () => {
  const { status, json } = await ask(origin, 'GET', '/V1/Projects/toys/TOYS/TrAin/', as('viewer'))
  assert.equal(status, 200)
  assert.equal(json.name, 'TrAin')
})

test('who asks without a good token is told to log in', async () => {
  for (const headers of [{}, { authorization: 'Basic eDp5' }, { authorization: 'Bearer' }]) {
    const {
      status,
      json,
      headers: answered,
    } = await ask(origin, 'GET', toy, { ca, headers: headers as Record<string, string> })
    assert.equal(status, 401)
    assert.equal(json.code, 'TOKEN_MISSING')
    assert.match(String(answered['www-authenticate']), /^Bearer/)
  }
  const { status, json } = await ask(origin, 'GET', toy, as('nonsense'))
  assert.equal(status, 401)
  assert.equal(json.code, 'TOKEN_REFUSED')
})

test('a project of somebody else and one that does not exist look the same', async () => {
  const paths = [
    '/v1/projects/others/toys/train',
    `/v1/projects/${theirs}/toys/train`,
    '/v1/projects/nowhere/toys/train',
  ]
  for (const path of paths) {
    const { status, json } = await ask(origin, 'GET', path, as('admin'))
    assert.equal(status, 404)
    assert.equal(json.code, 'PROJECT_NOT_FOUND')
  }
  assert.equal((await ask(origin, 'GET', toy, as('stranger'))).status, 404)
})

test('a role that does not have the permission is refused as such, before the body is looked at', async () => {
  const { status, json } = await ask(origin, 'PATCH', toy, { ...as('power-operator'), body: '{broken' })
  assert.equal(status, 403)
  assert.equal(json.code, 'PERMISSION_DENIED')
  assert.match(String(json.detail), /operate/)
  assert.equal((await ask(origin, 'GET', toy, as('agent'))).status, 403)
  assert.equal((await ask(origin, 'GET', '/v1/wait', as('agent'))).status, 403)
  assert.equal((await ask(origin, 'PATCH', toy, { ...as('operator'), body: { name: 'x', kind: 'a' } })).status, 200)
})

test('a field that is not as declared is named, and its value is not repeated', async () => {
  const send = (sent: unknown) => ask(origin, 'PATCH', toy, { ...as('operator'), body: sent })
  const cases: [unknown, string, RegExp][] = [
    [{ kind: 'a' }, 'name', /missing/],
    [{ name: 'hunter2hunter2', kind: 'a' }, 'name', /5 characters/],
    [{ name: 'x', kind: 'a', size: '7' }, 'size', /integer/],
    [{ name: 'x', kind: 'z' }, 'kind', /one of "a", "b"/],
    [{ name: 'x', kind: 'a', colour: 'red' }, 'colour', /not known/],
    [[], 'body', /object/],
  ]
  for (const [sent, field, why] of cases) {
    const { status, json, text } = await send(sent)
    assert.equal(status, 400)
    assert.equal(json.code, 'REQUEST_INVALID')
    assert.equal((json.facts as Record<string, unknown>).field, field)
    assert.match(String(json.detail), why)
    assert.doesNotMatch(text, /hunter2/)
  }
  const query = await ask(origin, 'GET', `${toy}?count=ten`, as('viewer'))
  assert.equal(query.status, 400)
  assert.equal((query.json.facts as Record<string, unknown>).where, 'query')
  assert.equal((await ask(origin, 'GET', `${toy}?count=10`, as('viewer'))).status, 400)
  assert.equal((await ask(origin, 'GET', `${toy}?unknown=1`, as('viewer'))).status, 400)
})

test('bodies that are no JSON, poisoned, too large or of another type are refused by code', async () => {
  const send = (sent: string, headers: Record<string, string> = {}) =>
    ask(origin, 'PATCH', toy, { ...as('operator', headers), body: sent })
  assert.equal((await send('{"name"')).json.code, 'BODY_MALFORMED')
  assert.equal((await send('{"__proto__":{"x":1},"name":"x","kind":"a"}')).json.code, 'BODY_MALFORMED')
  const large = await send(JSON.stringify({ name: 'x'.repeat(1 << 20) }))
  assert.equal(large.status, 413)
  assert.equal(large.json.code, 'BODY_TOO_LARGE')
  const xml = await send('<a/>', { 'content-type': 'text/xml' })
  assert.equal(xml.status, 415)
  assert.equal(xml.json.code, 'CONTENT_TYPE_UNSUPPORTED')
})

test('a public row needs no token, and an optional body may be absent or empty', async () => {
  const none = await ask(origin, 'POST', '/v1/public', { ca })
  assert.deepEqual(none.json, { body: null, projects: [] })
  const empty = await ask(origin, 'POST', '/v1/public', { ca, headers: { 'content-type': 'application/json' } })
  assert.deepEqual(empty.json, { body: null, projects: [] })
  assert.deepEqual((await ask(origin, 'POST', '/v1/public', { ca, body: { a: 1 } })).json, {
    body: { a: 1 },
    projects: [],
  })
  assert.equal((await ask(origin, 'POST', '/v1/public', { ca, body: { a: 'x' } })).status, 400)
})

test('what is not in the table is not there', async () => {
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/v1/nothing'],
    ['DELETE', toy],
    ['GET', '/v1/projects/toys/toys/%'],
  ] as const) {
    const { status, headers } = await ask(origin, method, path, as('admin'))
    assert.equal(status, 404, `${method} ${path}`)
    assert.match(String(headers['content-type']), /json/)
  }
})

test('faults have the shape of each kind of client', async () => {
  const fail = (where: string, what: string) => ask(origin, 'POST', `/${where}/${what}`, as('viewer'))
  const ours = await fail('ours', 'broken')
  assert.equal(ours.status, 409)
  assert.equal(ours.headers['content-type'], 'application/problem+json; charset=utf-8')
  assert.equal(ours.headers['outrider-fault'], 'TOY_BROKEN')
  assert.deepEqual(ours.json, {
    type: 'urn:outrider:fault:TOY_BROKEN',
    title: 'Toy broken',
    status: 409,
    detail: 'The toy train is broken.',
    code: 'TOY_BROKEN',
    kind: 'conflict',
    remedy: 'Get another train.',
    facts: { toy: 'train' },
  })
  const northbound = await fail('legacy-northbound', 'broken')
  assert.equal(northbound.status, 409)
  assert.deepEqual(northbound.json, {
    code: 'FailedPrecondition',
    message: 'The toy train is broken.',
    details: [
      {
        '@type': 'outrider.dev/Fault',
        kind: 'conflict',
        code: 'TOY_BROKEN',
        message: 'The toy train is broken.',
        remedy: 'Get another train.',
        detail: { toy: 'train' },
      },
    ],
  })
  const mps = await fail('legacy-mps', 'away')
  assert.equal(mps.status, 404)
  assert.deepEqual(mps.json, {
    error: 'Device not found/connected. Please connect again using CIRA.',
    errorDescription: `guid : ${mine}`,
  })
  const missing = await fail('legacy-rps', 'missing')
  assert.deepEqual([missing.json.error, missing.json.message], ['Not Found', 'There is no such thing.'])
  const [detail] = missing.json.details as readonly { readonly code: string }[]
  assert.equal(detail?.code, missing.headers['outrider-fault'])
  const taken = await fail('legacy-rps', 'broken')
  assert.equal(taken.status, 400)
  assert.equal(taken.json.error, 'Unique key violation')
})

test('field errors of legacy rows have the shape their clients read', async () => {
  for (const where of ['legacy-mps', 'legacy-rps']) {
    const { status, json } = await ask(origin, 'POST', `/${where}/fine`, { ...as('viewer'), body: { kind: 'a' } })
    assert.equal(status, 400)
    assert.deepEqual(json.errors, [{ type: 'field', msg: 'is missing', path: 'name', location: 'body' }])
  }
})

test('a bug is told to us and not to the client', async () => {
  for (const where of ['ours', 'legacy-northbound', 'legacy-mps', 'legacy-rps']) {
    const { status, text } = await ask(origin, 'POST', `/${where}/bug`, as('viewer'))
    assert.equal(status, 500)
    assert.doesNotMatch(text, /secret cause/)
  }
  assert.ok(events.of('http.failed').some(({ cause }) => String(cause).includes('the secret cause')))
})

test('a stream of lines arrives as server-sent events', async () => {
  const { text, headers } = await ask(origin, 'GET', '/v1/lines', as('viewer'))
  assert.equal(text, 'data: one\n\ndata: two\n\n')
  assert.match(String(headers['content-type']), /text\/event-stream/)
})

test('a handler learns that its client went away', async () => {
  waiting = Promise.withResolvers()
  const client = new AbortController()
  const asked = ask(origin, 'GET', '/v1/wait', { ...as('viewer'), signal: client.signal })
  await waiting.promise
  const signal = seenSignal
  assert.ok(signal)
  assert.equal(signal.aborted, false)
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  client.abort()
  await assert.rejects(asked)
  await aborted
})

test('a handler that never answers is answered for', async () => {
  const { origin } = await serve({ deadlineSeconds: 0.05 })
  const { status, json } = await ask(origin, 'GET', '/v1/wait', as('viewer'))
  assert.equal(status, 504)
  assert.equal(json.code, 'REQUEST_TIMEOUT')
  assert.equal(seenSignal?.aborted, true)
})

test('a row without permission, or declared twice, is not mounted', async () => {
  const [first] = routes
  assert.ok(first)
  const holes: MountedRoute[][] = [
    [{ ...first, permission: undefined as unknown as 'view' }],
    [{ ...first, scope: undefined as unknown as 'none' }],
    [{ ...first, scope: 'none' }],
    [{ ...first, path: '/v1/toys/:name' }],
  ]
  const code = (wanted: string) => (error: unknown) => (error as Fault).code === wanted
  for (const rows of holes) await assert.rejects(serve({ routes: rows }), code('ROUTE_WITHOUT_PERMISSION'))
  const twice = [first, { ...first, path: '/v1/PROJECTS/:project/toys/:other' }]
  await assert.rejects(serve({ routes: twice }), code('ROUTE_TWICE'))
})

test('gRPC: a unary call and a stream reach their handlers with the caller', async () => {
  const client = grpcClient('agent')
  await client.reportOrder({ orderId: 'fine' })
  const stop = new AbortController()
  const seen: string[] = []
  await assert.rejects(async () => {
    for await (const message of client.watchOrders({}, { signal: stop.signal })) {
      seen.push(message.order?.orderId ?? '')
      stop.abort()
    }
  })
  assert.deepEqual(seen, ['host-0a0b0c0d'])
})

test('gRPC: who is not an agent is refused, faults travel with code and remedy, bugs do not', async () => {
  const statusOf = async (token: string, orderId: string): Promise<ConnectError> => {
    try {
      await grpcClient(token).reportOrder({ orderId })
    } catch (error) {
      return ConnectError.from(error)
    }
    throw new Error('was not refused')
  }
  assert.equal((await statusOf('', 'fine')).code, Code.Unauthenticated)
  assert.equal((await statusOf('nonsense', 'fine')).code, Code.Unauthenticated)
  assert.equal((await statusOf('admin', 'fine')).code, Code.PermissionDenied)
  const broken = await statusOf('agent', 'broken')
  assert.equal(broken.code, Code.FailedPrecondition)
  assert.equal(broken.rawMessage, 'The toy train is broken.')
  assert.equal(broken.metadata.get('outrider-fault'), 'TOY_BROKEN')
  assert.equal(decodeURIComponent(broken.metadata.get('outrider-remedy') ?? ''), 'Get another train.')
  const bug = await statusOf('agent', 'bug')
  assert.equal(bug.code, Code.Internal)
  assert.doesNotMatch(bug.message, /secret cause/)
})

/** One HTTP/2 request whose body never ends; its answer, if there is any before it is closed. */
const neverEnding = async (at: string, path: string, type: string, token = '') => {
  const session = connectHttp2(at, { ca })
  const headers = { ':method': 'POST', ':path': path, 'content-type': type, te: 'trailers' }
  const stream = session.request(token === '' ? headers : { ...headers, authorization: `Bearer ${token}` })
  stream.on('error', () => undefined)
  let answer: Record<string, unknown> = {}
  let text = ''
  stream.once('response', (headers) => {
    answer = headers
  })
  stream.setEncoding('utf8').on('data', (part) => {
    text += part
  })
  stream.write(Buffer.from([0, 0, 0, 0xff, 0xff, 1]))
  await new Promise((resolve) => stream.once('close', resolve))
  session.destroy()
  return { answer, text, reset: stream.rstCode }
}
const reportOrder = '/outrider.operations.v1.AgentService/ReportOrder'

test('gRPC: whoever may not call is told so before the message has come', async () => {
  const { answer } = await neverEnding(origin, reportOrder, 'application/grpc+proto')
  assert.equal(answer[':status'], 200)
  assert.equal(answer['grpc-status'], String(Code.Unauthenticated))
  assert.equal(answer['outrider-fault'], 'TOKEN_MISSING')
  const denied = await neverEnding(origin, reportOrder, 'application/grpc', 'admin')
  assert.equal(denied.answer['grpc-status'], String(Code.PermissionDenied))
  const connect = await neverEnding(origin, reportOrder, 'application/proto')
  assert.equal(connect.answer[':status'], 401)
  assert.equal(JSON.parse(connect.text).code, 'unauthenticated')
})

test('a body that does not end is not waited for', async () => {
  const { origin } = await serve({ bodyPatience: 200 })
  assert.equal((await neverEnding(origin, reportOrder, 'application/grpc', 'agent')).answer[':status'], undefined)
  assert.equal((await neverEnding(origin, '/v1/public', 'application/json')).answer[':status'], undefined)
  assert.equal((await neverEnding(origin, '/realms/x', 'text/plain')).answer[':status'], undefined)
  const stop = new AbortController()
  const stream = grpcClient('agent', origin).watchOrders({}, { signal: stop.signal })[Symbol.asyncIterator]()
  await stream.next()
  const more = stream.next()
  const open = Symbol('open')
  assert.equal(await Promise.race([more, new Promise((resolve) => setTimeout(resolve, 400, open))]), open)
  stop.abort()
  await assert.rejects(more)
})

test('what anybody may send is short', async () => {
  const { status, json } = await ask(origin, 'POST', '/v1/public', { ca, body: { a: 1, b: 'x'.repeat(20_000) } })
  assert.equal(status, 413)
  assert.deepEqual({ code: json.code, facts: json.facts }, { code: 'BODY_TOO_LARGE', facts: { limit: 16384 } })
})

const openSocket = (at: string): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(at, { ca })
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })
const nextMessage = (socket: WebSocket) =>
  new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))))

test('WebSockets reach their row, over TLS and plain, and nothing else is upgraded', async () => {
  for (const at of [origin.replace('https', 'wss'), plain.replace('http', 'ws')]) {
    const socket = await openSocket(`${at}/Echo?q=1`)
    const answer = nextMessage(socket)
    socket.send('hello')
    assert.equal(await answer, 'hello 1 127.0.0.1')
    const closed = new Promise<number>((resolve) => socket.once('close', resolve))
    socket.send('x'.repeat(1001))
    assert.equal(await closed, 1009)
    await assert.rejects(openSocket(`${at}/v1/public`), /404/)
  }
})

test('raw handlers get the body unread, over both HTTP versions', async () => {
  assert.equal((await ask(origin, 'POST', '/realms/x/token', { ca, body: { a: 1 } })).text, 'raw 7')
  const session = connectHttp2(origin, { ca })
  const stream = session.request({ ':method': 'POST', ':path': '/realms/y' })
  stream.end('12345')
  let text = ''
  stream.setEncoding('utf8')
  for await (const part of stream) text += part
  session.close()
  assert.equal(text, 'raw 5')
})

test('stopping ends open gRPC streams, waiting requests and WebSockets soon, and takes nothing new', async () => {
  const { host, origin } = await serve()
  const stream = grpcClient('agent', origin).watchOrders({})[Symbol.asyncIterator]()
  await stream.next()
  waiting = Promise.withResolvers()
  const waited = ask(origin, 'GET', '/v1/wait', as('viewer'))
  await waiting.promise
  const socket = await openSocket(`${origin.replace('https', 'wss')}/echo`)
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  const before = performance.now()
  await host.drain()
  await assert.rejects(stream.next(), (error) => ConnectError.from(error).code === Code.Unavailable)
  const { status, json } = await waited
  assert.equal(status, 503)
  assert.equal(json.code, 'SERVICE_STOPPING')
  await host.close()
  assert.equal(await closed, 1001)
  assert.ok(performance.now() - before < 5_000, 'nothing waited for a stream to end by itself')
  await assert.rejects(ask(origin, 'GET', toy, as('viewer')), { code: 'ECONNREFUSED' })
  assert.equal(streamsOpen, 0)
})

test('an address in use is a fault that names it', async () => {
  const { port } = new URL(origin)
  await assert.rejects(
    openListeners([{ scheme: 'https', host: '127.0.0.1', port: Number(port) }], () => server),
    (error: Fault) => error.code === 'ADDRESS_IN_USE' && error.message.includes(port),
  )
})
