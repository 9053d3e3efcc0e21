import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect as connectHttp2, createSecureServer, constants as http2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Database, openDatabase } from '@outrider/database'
import { tokenRole } from '@outrider/domain/identity'
import type { Account, EventSink, SecretStore } from '@outrider/domain/ports'
import { createOidcIdentity } from '@outrider/identity-oidc'
import { Fault, guid, secret } from '@outrider/protocols/values'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { openAuthority } from '../../apps/orchestrator/pki/index.ts'
import { systemClock, systemRandom } from '../../apps/orchestrator/system/index.ts'
import { memorySecrets } from '../../apps/orchestrator/test/memory-secrets.ts'
import { ADMIN, createIssuer, type Issuer, type LoginAttempt } from './index.ts'
import { Logins } from './logins.ts'
import { CLI_CLIENT } from './provider.ts'

const never = new AbortController().signal
const project = guid('7d1a0f0a-3c0e-4a0e-8a4e-0d3b8a1c2b3d')
const TOKEN = '/realms/master/protocol/openid-connect/token'
const audited: LoginAttempt[] = []
const told: { name: string; fields: Record<string, unknown> }[] = []
const events: EventSink = { emit: (name, fields) => void told.push({ name, fields }) }

let skew = 0
const clock = { ...systemClock, now: () => Date.now() + skew }
let folder: string
let database: Database
let secrets: SecretStore
let issuer: Issuer
let ca: string
let origin: string
let close: () => Promise<void>

const issuerAt = (options: { origin: string; secrets?: SecretStore }) =>
  createIssuer({
    config: { accessTokenSeconds: 3600, refreshTokenSeconds: 2_592_000, lockAfterFailures: 3, lockSeconds: 60 },
    origin: options.origin,
    alsoAt: [new URL(options.origin).host.replace('localhost', '127.0.0.1')],
    audience: 'outrider',
    store: database.issuer,
    secrets: options.secrets ?? secrets,
    clock,
    random: systemRandom,
    events,
    audit: async (attempt) => void audited.push(attempt),
  })

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-issuer-'))
  database = await openDatabase({ path: join(folder, 'outrider.db') }, { clock })
  secrets = memorySecrets()
  const authority = await openAuthority(
    {
      secrets,
      clock,
      random: systemRandom,
      file: join(folder, 'ca.crt'),
      publicHost: 'localhost',
    },
    never,
  )
  ca = authority.certificate
  const { key, certificate: cert } = authority.server()
  const server = createSecureServer({ key, cert, allowHTTP1: true }, (req, res) => issuer.handle(req, res))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  origin = `https://localhost:${(server.address() as AddressInfo).port}`
  issuer = issuerAt({ origin })
  await issuer.start(never)
  await issuer.accounts.ensureUser(ADMIN, secret('correct horse'), [{ project, role: 'admin' }], never)
  close = async () => {
    await issuer.stop()
    server.close()
    await database.close()
    await rm(folder, { recursive: true })
  }
})
after(() => close())

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

const ask = (
  path: string,
  form?: Record<string, string>,
  headers: Record<string, string> = {},
  method = form === undefined ? 'GET' : 'POST',
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(origin)
    const body = form === undefined ? undefined : new URLSearchParams(form).toString()
    const req = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        servername: 'localhost',
        path,
        method,
        ca,
        agent: false,
        headers: {
          host: `localhost:${port}`,
          ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
          ...headers,
        },
      },
      (res) => {
        let text = ''
        res.setEncoding('utf8')
        res.on('data', (part: string) => {
          text += part
        })
        res.on('end', () => {
          resolve({ status: res.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : { text } })
        })
      },
    )
    req.on('error', reject)
    req.end(body)
  })

const login = (password = 'correct horse', username = ADMIN) =>
  ask(TOKEN, { grant_type: 'password', client_id: CLI_CLIENT, username, password, scope: 'openid profile email' })
const refresh = (token: unknown) =>
  ask(TOKEN, { grant_type: 'refresh_token', client_id: CLI_CLIENT, refresh_token: String(token) })

const identity = () => createOidcIdentity({ issuer: issuer.issuer, audience: 'outrider', keys: issuer.keys, clock })

test('a login by password yields an access token that our verifier takes, with roles and shown name', async () => {
  const { status, body } = await login()
  assert.equal(status, 200)
  assert.equal(body.token_type, 'Bearer')
  assert.equal(body.expires_in, 3600)
  const token = String(body.access_token)
  assert.equal(decodeProtectedHeader(token).alg, 'RS256')
  const claims = decodeJwt(token)
  assert.equal(claims.iss, `${origin}/realms/master`)
  assert.equal(claims.aud, 'outrider')
  assert.equal(claims.preferred_username, ADMIN)
  assert.equal(claims.azp, CLI_CLIENT)
  assert.deepEqual(claims.realm_access, { roles: [tokenRole(project, 'admin')] })
  const caller = await identity().verify(token, never)
  assert.equal(caller.kind, 'user')
  assert.deepEqual(caller.projects, new Map([[project, new Set(['admin'])]]))
  assert.ok(told.some(({ name, fields }) => name === 'login.succeeded' && fields.subject === ADMIN))
})

test('discovery and keys are where clients of the usual identity provider look', async () => {
  const { status, body } = await ask('/realms/master/.well-known/openid-configuration')
  assert.equal(status, 200)
  assert.equal(body.issuer, `${origin}/realms/master`)
  assert.equal(body.token_endpoint, `${origin}${TOKEN}`)
  assert.equal(body.jwks_uri, `${origin}/realms/master/protocol/openid-connect/certs`)
  const keys = await ask('/realms/master/protocol/openid-connect/certs')
  const [key] = keys.body.keys as Record<string, unknown>[]
  assert.equal(key?.kty, 'RSA')
  assert.equal(key?.d, undefined, 'the private part stays here')
  assert.equal((await issuer.keys()).keys[0]?.kid, key?.kid)
  assert.deepEqual(Object.keys((await issuer.keys()).keys[0] ?? {}).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
})

test('the same over HTTP/2', async () => {
  const client = connectHttp2(origin, { ca })
  const stream = client.request({
    ':method': 'POST',
    ':path': TOKEN,
    'content-type': 'application/x-www-form-urlencoded',
  })
  stream.end(
    new URLSearchParams({
      grant_type: 'password',
      client_id: CLI_CLIENT,
      username: ADMIN,
      password: 'correct horse',
    }).toString(),
  )
  let text = ''
  stream.setEncoding('utf8')
  for await (const part of stream) text += part
  client.close()
  assert.match(String(JSON.parse(text).access_token), /^ey/, text)
})

test('a client that goes away in the middle prints nothing past the log', async (t) => {
  const printed: unknown[] = []
  t.mock.method(console, 'error', (...text: unknown[]) => printed.push(...text))
  const client = connectHttp2(origin, { ca })
  for (const code of [http2.NGHTTP2_ENHANCE_YOUR_CALM, http2.NGHTTP2_INTERNAL_ERROR, http2.NGHTTP2_CANCEL]) {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const stream = client.request({ ':method': 'POST', ':path': TOKEN, ...type })
    stream.on('error', () => undefined)
    stream.write('grant_type=')
    await new Promise((resolve) => setTimeout(resolve, 50))
    stream.close(code)
    await new Promise((resolve) => stream.once('close', resolve))
  }
  client.close()
  assert.equal((await login()).status, 200)
  assert.deepEqual(printed, [])
  assert.deepEqual(
    told.filter(({ name }) => name === 'http.failed'),
    [],
  )
})

test('a refresh token looks like one to clients that decode it, and is no access token', async () => {
  const { body } = await login()
  const claims = decodeJwt(String(body.refresh_token))
  assert.equal(claims.typ, 'Refresh')
  assert.equal(claims.azp, CLI_CLIENT)
  assert.equal(claims.iss, issuer.issuer)
  await assert.rejects(
    identity().verify(String(body.refresh_token), never),
    (error) => Fault.from(error).code === 'TOKEN_REFUSED',
  )
})

test('refresh tokens rotate, and using an old one again ends the whole login', async () => {
  const first = (await login()).body.refresh_token
  const second = await refresh(first)
  assert.equal(second.status, 200)
  assert.notEqual(second.body.refresh_token, first)
  await identity().verify(String(second.body.access_token), never)
  const third = await refresh(second.body.refresh_token)
  assert.equal(third.status, 200)
  const reused = await refresh(second.body.refresh_token)
  assert.equal(reused.status, 400)
  assert.equal(reused.body.error, 'invalid_grant')
  assert.equal((await refresh(third.body.refresh_token)).status, 400, 'whoever stole it is out too')
})

test('of two who present the same refresh token at once, one is refused', async () => {
  const token = (await login()).body.refresh_token
  const answers = await Promise.all([refresh(token), refresh(token)])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400])
})

test('logging out ends the login, for its own client only', async () => {
  const { body } = await login()
  const token = String(body.refresh_token)
  const logout = (form: Record<string, string>) => ask('/realms/master/protocol/openid-connect/logout', form)
  assert.equal((await logout({ client_id: 'another', refresh_token: token })).status, 204)
  const renewed = await refresh(token)
  assert.equal(renewed.status, 200)
  const next = String(renewed.body.refresh_token)
  assert.equal((await logout({ client_id: CLI_CLIENT, refresh_token: next })).status, 204)
  assert.equal((await refresh(next)).status, 400)
  assert.equal((await logout({ client_id: CLI_CLIENT, refresh_token: 'made up' })).status, 204)
  assert.equal((await logout({ client_id: CLI_CLIENT })).status, 400)
})

test('neither refresh tokens nor passwords nor client secrets are in the database files', async () => {
  const refreshToken = String((await login()).body.refresh_token)
  const { clientId, clientSecret } = await issuer.agents.create(project, 'host-44444444', never)
  const files = (await readdir(folder)).filter((name) => name.startsWith('outrider.db'))
  const bytes = Buffer.concat(await Promise.all(files.map((name) => readFile(join(folder, name)))))
  assert.ok(bytes.includes(clientId), 'what was just written is in these files')
  const random = refreshToken.split('.')[2] ?? ''
  for (const text of [random, refreshToken, 'correct horse', clientSecret.reveal()])
    assert.equal(bytes.includes(text), false)
})

test('wrong passwords, unknown names and clients posing as people get the same answer', async () => {
  const wrong = await login('wrong password')
  assert.equal(wrong.status, 400)
  assert.equal(wrong.body.error, 'invalid_grant')
  assert.deepEqual((await login('wrong password', 'nobody')).body, wrong.body)
  const clientSecret = await issuer.accounts.createClient('a-script', [{ project, role: 'viewer' }], never)
  assert.deepEqual((await login(clientSecret.reveal(), 'a-script')).body, wrong.body)
  assert.ok(told.some(({ name, fields }) => name === 'login.refused' && fields.name === 'nobody'))
  assert.equal((await login()).status, 200, 'a good login resets the count')
})

test('failures in a row lock the account for a while, even against the right password', async () => {
  await issuer.accounts.createUser('bob', secret('battery staple'), [], never)
  await Promise.all([1, 2, 3].map(() => login('guess', 'bob')))
  const locked = await login('battery staple', 'bob')
  assert.equal(locked.status, 400)
  assert.match(String(locked.body.error_description), /try again in \d+ seconds/)
  skew = 61_000
  assert.equal((await login('battery staple', 'bob')).status, 200)
  skew = 0
})

test('each login of a person is recorded before it is answered, with its outcome and whose it is', async () => {
  await issuer.accounts.createUser('audited', secret('correct horse'), [{ project, role: 'viewer' }], never)
  audited.length = 0
  assert.equal((await login('correct horse', 'audited')).status, 200)
  for (let tries = 0; tries < 3; tries++) await login('wrong password', 'audited')
  await login('correct horse', 'audited')
  await login('wrong password', `${'x'.repeat(100)}`)
  assert.deepEqual(
    audited.map(({ fault, projects, subject, from }) => [
      fault?.code ?? 'succeeded',
      projects.length,
      subject !== undefined,
      from,
    ]),
    [
      ['succeeded', 1, true, '127.0.0.1'],
      ['LOGIN_WRONG', 1, true, '127.0.0.1'],
      ['LOGIN_WRONG', 1, true, '127.0.0.1'],
      ['LOGIN_WRONG', 1, true, '127.0.0.1'],
      ['LOGIN_LOCKED', 1, true, '127.0.0.1'],
      ['LOGIN_WRONG', 0, false, '127.0.0.1'],
    ],
  )
  assert.equal(audited.at(-1)!.name.length, 64)
  assert.equal(JSON.stringify(audited).includes('horse'), false)
})

test('logins by an older password end with it', async () => {
  const grants = [{ project, role: 'viewer' }] as const
  await issuer.accounts.createUser('eve', secret('leaked password'), grants, never)
  const { body } = await login('leaked password', 'eve')
  const other = await login()
  assert.equal(await issuer.accounts.ensureUser('eve', secret('leaked password'), grants, never), 'kept')
  const renewed = await refresh(body.refresh_token)
  assert.equal(renewed.status, 200)
  assert.equal(await issuer.accounts.ensureUser('eve', secret('another password'), grants, never), 'changed')
  const refused = await refresh(renewed.body.refresh_token)
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant'])
  assert.equal((await login('another password', 'eve')).status, 200)
  assert.equal((await refresh(other.body.refresh_token)).status, 200)
})

test('only so many logins wait, under one name or under many', async () => {
  for (const nameOf of [(n: number) => `${ADMIN}-${n}`, () => ADMIN]) {
    const asked = Promise.withResolvers<void>()
    const account = { kind: 'user', lockedUntil: Number.POSITIVE_INFINITY } as Account
    const accounts = { ...database.issuer.accounts, byName: () => asked.promise.then(() => account) }
    const config = { accessTokenSeconds: 1, refreshTokenSeconds: 1, lockAfterFailures: 1, lockSeconds: 1 }
    const logins = new Logins({ ...database.issuer, accounts }, clock, config)
    const waiting = Array.from({ length: 60 }, (_, n) => logins.check(nameOf(n), 'x', never))
    asked.resolve()
    const outcomes = (await Promise.all(waiting)).map(({ outcome }) => outcome)
    assert.equal(outcomes.filter((outcome) => outcome === 'busy').length, 26)
    assert.equal((await logins.check(ADMIN, 'x', never)).outcome, 'locked')
  }
})

test('a lock ends when the account gets a new password', async () => {
  await issuer.accounts.createUser('carol', secret('first password'), [], never)
  await Promise.all([1, 2, 3].map(() => login('guess', 'carol')))
  assert.equal((await login('first password', 'carol')).status, 400)
  assert.equal(await issuer.accounts.ensureUser('carol', secret('second password'), [], never), 'changed')
  assert.equal((await login('second password', 'carol')).status, 200)
  assert.equal((await login('first password', 'carol')).status, 400)
})

test('an agent logs in with client credentials and is bound to its host', async () => {
  const { clientId, clientSecret } = await issuer.agents.create(project, 'host-0a0b0c0d', never)
  assert.match(clientId, /^edgenode-[0-9a-f-]{36}$/)
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret.reveal() }
  const { status, body } = await ask(TOKEN, form)
  assert.equal(status, 200)
  assert.equal(body.refresh_token, undefined)
  const caller = await identity().verify(String(body.access_token), never)
  assert.equal(caller.kind, 'agent')
  assert.equal(caller.subject, clientId)
  assert.equal(caller.hostId, 'host-0a0b0c0d')
  assert.deepEqual(caller.projects, new Map([[project, new Set(['agent'])]]))
  const basic = Buffer.from(`${clientId}:${clientSecret.reveal()}`).toString('base64')
  const byHeader = await ask(TOKEN, { grant_type: 'client_credentials' }, { authorization: `Basic ${basic}` })
  assert.equal(byHeader.status, 200)
  assert.equal((await ask(TOKEN, { ...form, client_secret: `${clientSecret.reveal()}x` })).status, 401)
  assert.equal((await ask(TOKEN, { grant_type: 'client_credentials', client_id: clientId })).status, 401)
})

test('new credentials of a host end the older ones, revoking ends them all', async () => {
  const grant = async ({ clientId, clientSecret }: Awaited<ReturnType<typeof issuer.agents.create>>) => {
    const form = { client_id: clientId, client_secret: clientSecret.reveal() }
    return (await ask(TOKEN, { grant_type: 'client_credentials', ...form })).status
  }
  const older = await issuer.agents.create(project, 'host-11111111', never)
  const other = await issuer.agents.create(project, 'host-22222222', never)
  const newer = await issuer.agents.create(project, 'host-11111111', never)
  assert.deepEqual([await grant(older), await grant(newer), await grant(other)], [401, 200, 200])
  await issuer.agents.revoke(project, 'host-11111111', never)
  assert.deepEqual([await grant(newer), await grant(other)], [401, 200])
})

test('a client may use its own grants only', async () => {
  const { clientId, clientSecret } = await issuer.agents.create(project, 'host-33333333', never)
  const asAgent = { client_id: clientId, client_secret: clientSecret.reveal() }
  const password = await ask(TOKEN, { grant_type: 'password', ...asAgent, username: ADMIN, password: 'correct horse' })
  assert.equal(password.status, 400)
  const cli = await ask(TOKEN, { grant_type: 'client_credentials', client_id: CLI_CLIENT })
  assert.equal(cli.status, 400)
  assert.equal((await ask(TOKEN, { grant_type: 'implicit', client_id: CLI_CLIENT })).status, 400)
})

test('grants taken away are gone from the next token on, a removed account gets none', async () => {
  await issuer.accounts.createUser('dave', secret('dave has one'), [{ project, role: 'operator' }], never)
  const { body } = await login('dave has one', 'dave')
  await issuer.accounts.setGrants('dave', [{ project, role: 'viewer' }], never)
  const next = await refresh(body.refresh_token)
  assert.deepEqual(decodeJwt(String(next.body.access_token)).realm_access, { roles: [tokenRole(project, 'viewer')] })
  await issuer.accounts.remove('dave', never)
  assert.equal((await refresh(next.body.refresh_token)).status, 400)
})

test('a request under another host name does not reach the issuer', async () => {
  for (const host of ['evil.example', 'localhost', `evil.example:${new URL(origin).port}`]) {
    const answer = await ask('/realms/master/.well-known/openid-configuration', undefined, { host })
    assert.equal(answer.status, 421, host)
    assert.doesNotMatch(JSON.stringify(answer.body), /evil/)
  }
  const byAddress = { host: new URL(origin).host.replace('localhost', '127.0.0.1') }
  assert.equal((await ask('/realms/master/.well-known/openid-configuration', undefined, byAddress)).status, 200)
})

test('there is one realm, and no page of the library is served', async () => {
  assert.equal((await ask('/realms/other/protocol/openid-connect/certs')).status, 404)
  assert.equal((await ask('/realms/master/interaction/x')).status, 404)
  assert.equal((await ask('/realms/master')).status, 404)
  const authorize = await ask(`/realms/master/protocol/openid-connect/auth?client_id=${CLI_CLIENT}&response_type=code`)
  assert.equal(authorize.status, 400)
})

test('bodies that are too large, of the wrong kind or broken are refused', async () => {
  assert.equal(
    (await ask(TOKEN, { grant_type: 'password', client_id: CLI_CLIENT, username: 'x'.repeat(60_000) })).status,
    400,
  )
  assert.equal((await ask(TOKEN, { a: 'b' }, { 'content-type': 'application/json' })).status, 400)
  assert.equal((await ask(TOKEN, {}, {})).status, 400)
})

test('another start with the same secrets has the same keys; without them it refuses', async () => {
  const again = issuerAt({ origin })
  await again.start(never)
  assert.deepEqual(await again.keys(), await issuer.keys())
  await again.stop()
  const lost = issuerAt({ origin, secrets: memorySecrets() })
  await assert.rejects(lost.start(never), (error) => Fault.from(error).code === 'ISSUER_KEYS_MISSING')
  const broken = memorySecrets()
  await broken.put({ kind: 'system', name: 'issuer-keys' }, { jwks: secret('{}'), cookies: secret('x') }, 0, never)
  const unreadable = issuerAt({ origin, secrets: broken })
  await assert.rejects(unreadable.start(never), (error) => Fault.from(error).code === 'ISSUER_KEYS_UNREADABLE')
  await Promise.all([lost.stop(), unreadable.stop()])
})
