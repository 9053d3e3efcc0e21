import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Fault } from '@outrider/protocols/values'
import { type Orchestrator, startOrchestrator } from './orchestrator.ts'
import { createTelemetry } from './telemetry/index.ts'
import { ask } from './test/client.ts'

let data: string
let running: Orchestrator
let ca: string
let lines: Record<string, unknown>[]

const start = async (folder = data): Promise<Orchestrator> => {
  lines = []
  const telemetry = createTelemetry('info', { write: (line) => void lines.push(JSON.parse(line)) })
  const config = {
    data: folder,
    listen: ['127.0.0.1:0', 'http://127.0.0.1:0'],
    ciraListen: ['127.0.0.1:0'],
    publicHost: 'localhost',
    ciraKey: 'rsa-2048',
    rpsOpen: false,
    logLevel: 'info',
    activationSeconds: 1800,
    graceSeconds: 5,
  } as const
  return startOrchestrator(
    { ...config, listen: [...config.listen], ciraListen: [...config.ciraListen] },
    telemetry,
    AbortSignal.timeout(30_000),
  )
}

before(async () => {
  data = join(await mkdtemp(join(tmpdir(), 'outrider-orchestrator-')), 'data')
  running = await start()
  ca = await readFile(running.caFile, 'utf8')
})
after(async () => {
  await running.stop()
  await rm(join(data, '..'), { recursive: true })
})

const form = (fields: Record<string, string>) => ({
  ca,
  body: new URLSearchParams(fields).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
})
const TOKEN = '/realms/master/protocol/openid-connect/token'
const login = async (): Promise<string> => {
  const password = (await readFile(join(data, 'admin-password'), 'utf8')).trim()
  const { json } = await ask(
    running.origin,
    'POST',
    TOKEN,
    form({ grant_type: 'password', client_id: 'system-client', username: 'admin', password }),
  )
  return String(json.access_token)
}
const as = (token: string) => ({ ca, headers: { authorization: `Bearer ${token}` } })

test('the first start leaves what only its owner may read, and the CA for everybody', async () => {
  const mode = async (name: string) => ((await stat(name)).mode & 0o777).toString(8)
  assert.equal(await mode(data), '700')
  for (const name of ['admin-password', 'secrets', 'secrets.key', 'outrider.db'])
    assert.equal(await mode(join(data, name)), '600', name)
  assert.equal(await mode(running.caFile), '644')
})

test('everything that is needed is there', async () => {
  const { status, json } = await ask(running.origin, 'GET', '/readyz', { ca })
  assert.equal(status, 200, JSON.stringify(json))
  assert.deepEqual(json.missing, [])
  assert.equal((await ask(running.origin, 'GET', '/healthz', { ca })).status, 200)
  assert.match((await ask(running.origin, 'GET', '/metrics', { ca })).text, /outrider_login_succeeded_total/)
})

test('the admin logs in over TLS and works in the default project', async () => {
  const token = await login()
  const created = await ask(running.origin, 'POST', '/v1/projects/default/compute/hosts/register', {
    ...as(token),
    body: { name: 'machine-1', serialNumber: 'MACHINE1' },
  })
  assert.equal(created.status, 200, created.text)
  const list = await ask(running.origin, 'GET', '/v1/projects/default/compute/hosts', as(token))
  assert.deepEqual(
    (list.json.hosts as { name: string }[]).map(({ name }) => name),
    ['machine-1'],
  )
  assert.equal((await ask(running.origin, 'GET', '/v1/orchestrator', as(token))).json['schema-version'], '1.0')
})

test('every row that is not public refuses who does not say who they are', async () => {
  const guarded = running.table.filter(({ permission }) => permission !== 'public')
  assert.ok(guarded.length > 20)
  for (const { method, path, origin } of guarded) {
    const at = path.replace(':project', 'default').replace(/:\w+/g, 'x')
    const { status, headers } = await ask(running.origin, method, at, { ca })
    assert.equal(status, 401, `${method} ${path} (${origin})`)
    assert.equal(headers['outrider-fault'], 'TOKEN_MISSING')
  }
})

test('a token of the issuer is good on plain loopback too', async () => {
  const plain = running.listening.find((url) => url.startsWith('http:'))
  assert.ok(plain)
  assert.equal((await ask(plain, 'GET', '/v1/projects/default/compute/hosts', as(await login()))).status, 200)
})

test('a second start has the same CA, data, password and keys', async () => {
  const token = await login()
  const password = await readFile(join(data, 'admin-password'), 'utf8')
  await running.stop()
  running = await start()
  assert.equal(await readFile(running.caFile, 'utf8'), ca)
  assert.equal(await readFile(join(data, 'admin-password'), 'utf8'), password)
  const list = await ask(running.origin, 'GET', '/v1/projects/default/compute/hosts', as(await login()))
  assert.equal((list.json.hosts as unknown[]).length, 1)
  // The port is another, and with it the issuer: what was signed for the other address is refused here.
  const old = await ask(running.origin, 'GET', '/v1/projects/default/compute/hosts', as(token))
  assert.equal(old.headers['outrider-fault'], 'TOKEN_REFUSED')
})

test('without its secrets it refuses to start, and starts again once they are back', async () => {
  await running.stop()
  const lost = join(data, '..', 'lost')
  for (const [name, code] of [
    ['secrets', 'SECRETS_UNREADABLE'],
    ['secrets.key', 'SECRETS_UNREADABLE'],
  ] as const) {
    await rename(join(data, name), lost)
    await assert.rejects(start(), (error: Fault) => error.code === code)
    await rename(lost, join(data, name))
  }
  await rename(join(data, 'secrets'), lost)
  await rename(join(data, 'secrets.key'), `${lost}.key`)
  await assert.rejects(start(), (error: Fault) => error.code === 'CA_MISSING')
  await rm(join(data, 'secrets'))
  await rm(join(data, 'secrets.key'))
  await rename(lost, join(data, 'secrets'))
  await rename(`${lost}.key`, join(data, 'secrets.key'))
  running = await start()
  assert.equal(await readFile(running.caFile, 'utf8'), ca)
})

const launch = (environment: Record<string, string>) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    out += part
  })
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    err += part
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }))
  const printed = new Promise<void>((resolve) =>
    child.stdout.on('data', () => {
      if (out.includes('generate agent-env')) resolve()
    }),
  )
  return { child, ended, printed, out: () => out }
}

test('the program says where it is and what to type, and ends with 0 when asked to', async () => {
  await running.stop()
  const { child, ended, printed } = launch({
    OUTRIDER_DATA: data,
    OUTRIDER_LISTEN: '127.0.0.1:0',
    OUTRIDER_CIRA_LISTEN: '127.0.0.1:0',
  })
  await Promise.race([printed, ended])
  child.kill('SIGTERM')
  const { code, out, err } = await ended
  assert.equal(code, 0, err)
  assert.match(out, /API +https:\/\/localhost:\d+/)
  assert.match(out, new RegExp(`--password-file ${join(data, 'admin-password')}`))
  assert.deepEqual(
    err
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event),
    ['service.started', 'service.stopping'],
  )
  running = await start()
})

test('a setting nobody declared ends the program with a remedy', async () => {
  const { code, err } = await launch({ OUTRIDER_LISTNE: '127.0.0.1:0' }).ended
  assert.equal(code, 2)
  assert.match(err, /SETTING_UNKNOWN.*\n.*OUTRIDER_LISTEN/)
})

test('an address in use, of the API or of devices, is a fault that names the setting', async () => {
  const [taken = ''] = running.cira
  const elsewhere = join(data, '..', 'elsewhere')
  const environment = { OUTRIDER_DATA: elsewhere, OUTRIDER_LISTEN: '127.0.0.1:0', OUTRIDER_CIRA_LISTEN: taken }
  const cira = await launch(environment).ended
  assert.match(cira.err, /ADDRESS_IN_USE.*\n.*OUTRIDER_CIRA_LISTEN/)
  const api = await launch({ ...environment, OUTRIDER_LISTEN: new URL(running.listening[0] ?? '').host }).ended
  assert.match(api.err, /ADDRESS_IN_USE.*\n.*OUTRIDER_LISTEN/)
  assert.equal(api.code, 6)
})

test('a folder that another process uses is left alone', async () => {
  const { code, err } = await launch({
    OUTRIDER_DATA: data,
    OUTRIDER_LISTEN: '127.0.0.1:0',
    OUTRIDER_CIRA_LISTEN: '127.0.0.1:0',
  }).ended
  assert.match(err, /SECRETS_IN_USE/)
  assert.notEqual(code, 0)
  assert.equal((await ask(running.origin, 'GET', '/readyz', { ca })).status, 200)
})

test('the given password is the password from then on', async () => {
  await running.stop()
  const telemetry = createTelemetry('error', { write: () => undefined })
  running = await startOrchestrator(
    {
      data,
      listen: ['127.0.0.1:0'],
      ciraListen: ['127.0.0.1:0'],
      publicHost: 'localhost',
      ciraKey: 'rsa-2048',
      rpsOpen: false,
      logLevel: 'error',
      activationSeconds: 1800,
      graceSeconds: 5,
      adminPassword: 'given by hand',
    },
    telemetry,
    AbortSignal.timeout(30_000),
  )
  assert.equal(running.adminPasswordFile, undefined)
  const body = form({
    grant_type: 'password',
    client_id: 'system-client',
    username: 'admin',
    password: 'given by hand',
  })
  assert.equal((await ask(running.origin, 'POST', TOKEN, body)).status, 200)
})
