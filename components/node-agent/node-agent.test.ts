import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { Clock } from '@outrider/domain/ports'
import { realClock, realRandom, recordEvents, selfSigned, until } from '@outrider/testing/harness'
import { connectOrchestrator, type NodeAgentConfig, runNodeAgent, tokenPath } from './index.ts'

const identity = selfSigned()
const SERIAL = 'SN12345'
const UUID = 'd12428be-9fa1-4226-9784-54b2038beab6'

/** An orchestrator as far as the node agent sees one; what it answers is the test's to say. */
const orchestrator = async () => {
  const calls: { path: string; body: string }[] = []
  const answers = {
    enrol: { status: 200, body: { clientId: 'edgenode-1', clientSecret: 's3cret', projectId: 'p-1' } as object },
    token: { status: 200, body: { access_token: 'token-1', expires_in: 300 } as object },
  }
  const server = createServer({ key: identity.key, cert: identity.cert }, (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      calls.push({ path: request.url ?? '', body })
      const answer = request.url === '/v1/enrolment' ? answers.enrol : answers.token
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, calls, answers, close: () => server.close() }
}

describe('node agent', () => {
  let folder = ''
  let peer: Awaited<ReturnType<typeof orchestrator>>
  let stop: AbortController
  let running: Promise<void> | undefined
  const events = recordEvents()

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outrider-node-agent-'))
    await mkdir(join(folder, 'dmi'))
    await writeFile(join(folder, 'dmi', 'product_serial'), `${SERIAL}\n`)
    await writeFile(join(folder, 'dmi', 'product_uuid'), `${UUID.toUpperCase()}\n`)
    peer = await orchestrator()
    stop = new AbortController()
  })

  afterEach(async () => {
    stop.abort()
    await running
    peer.close()
    await rm(folder, { recursive: true })
  })

  /** Sleeps that were asked for, which all end at once. */
  const spans: number[] = []
  const hasty: Clock = {
    ...realClock,
    sleep: (span, signal) => {
      spans.push(span)
      return realClock.sleep(Math.min(span, 20), signal)
    },
  }

  const start = (fields: Partial<NodeAgentConfig> = {}): void => {
    const config: NodeAgentConfig = {
      OUTRIDER_URL: peer.url,
      OUTRIDER_TOKEN_URL: `${peer.url}/token`,
      OUTRIDER_CA: Buffer.from(identity.cert).toString('base64'),
      OUTRIDER_ENROLMENT_TOKEN: 'once',
      OUTRIDER_TOKEN_CLIENTS: 'node-agent, platform-manageability-agent',
      OUTRIDER_STATE_DIR: folder,
      OUTRIDER_DMI_DIR: join(folder, 'dmi'),
      ...fields,
    }
    running = runNodeAgent(
      { config, orchestrator: connectOrchestrator(config), clock: hasty, random: realRandom, events },
      stop.signal,
    )
  }

  const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777
  const token = (client: string): Promise<string | undefined> =>
    readFile(tokenPath(folder, client), 'utf8').catch(() => undefined)

  test('enrols with token, serial and UUID, and writes credentials and token files with their modes', async () => {
    start()
    await until(() => token('platform-manageability-agent'))
    assert.deepEqual(JSON.parse(peer.calls[0]!.body), { token: 'once', serial: SERIAL, uuid: UUID })
    assert.equal(await token('node-agent'), 'token-1')
    assert.equal(await mode(tokenPath(folder, 'node-agent')), 0o640)
    const credentials = join(folder, 'client-credentials')
    assert.equal(await readFile(join(credentials, 'client_secret'), 'utf8'), 's3cret')
    assert.equal(await mode(join(credentials, 'client_secret')), 0o600)
    assert.equal(await mode(join(credentials, 'client_id')), 0o600)
    assert.equal(await mode(join(credentials, 'project_id')), 0o640)
  })

  test('an enrolled node does not enrol again', async () => {
    start()
    await until(() => token('platform-manageability-agent'))
    stop.abort()
    await running
    peer.calls.length = 0
    stop = new AbortController()
    start({ OUTRIDER_ENROLMENT_TOKEN: '' })
    await until(() => peer.calls.length > 0)
    assert.ok(peer.calls.every(({ path }) => path === '/token'))
  })

  test('a new enrolment token is used though there are credentials; where it is refused, they stay', async () => {
    start()
    await until(() => token('platform-manageability-agent'))
    const again = async (enrolment: string): Promise<void> => {
      stop.abort()
      await running
      peer.calls.length = 0
      await rm(join(folder, 'tokens'), { recursive: true })
      stop = new AbortController()
      start({ OUTRIDER_ENROLMENT_TOKEN: enrolment })
      await until(() => token('platform-manageability-agent'))
    }
    const clients = () =>
      peer.calls.filter(({ path }) => path === '/token').map(({ body }) => new URLSearchParams(body).get('client_id'))

    await again('once')
    assert.ok(peer.calls.every(({ path }) => path === '/token'))
    peer.answers.enrol.body = { clientId: 'edgenode-2', clientSecret: 's3cret-2', projectId: 'p-1' }
    await again('another')
    assert.ok(peer.calls.some(({ path }) => path === '/v1/enrolment'))
    assert.ok(clients().every((client) => client === 'edgenode-2'))
    peer.answers.enrol = { status: 401, body: { code: 'ENROLMENT_REFUSED' } }
    await again('spent')
    assert.ok(clients().every((client) => client === 'edgenode-2'))
    const credentials = join(folder, 'client-credentials')
    assert.ok(!(await readFile(join(credentials, 'enrolled_with'), 'utf8')).includes('another'))
    assert.equal(await mode(join(credentials, 'enrolled_with')), 0o600)
  })

  test('tokens are renewed well before they expire, each for itself', async () => {
    spans.length = 0
    start()
    await until(() => token('platform-manageability-agent'))
    peer.answers.token.body = { access_token: 'token-2', expires_in: 300 }
    await until(async () => (await token('node-agent')) === 'token-2')
    await until(async () => (await token('platform-manageability-agent')) === 'token-2')
    const renewals = spans.filter((span) => span > 100_000)
    assert.ok(renewals.length >= 2 && renewals.every((span) => span >= 180_000 && span <= 240_000))
  })

  test('an orchestrator that is away or fails is waited for; a refusal is tried again slowly; neither ends the agent', async () => {
    peer.answers.enrol = { status: 503, body: {} }
    spans.length = 0
    start()
    await until(() => peer.calls.length >= 3)
    assert.ok(spans.every((span) => span <= 60_000))
    peer.answers.enrol = { status: 403, body: { code: 'ENROLMENT_REFUSED' } }
    const calls = peer.calls.length
    await until(() => peer.calls.length >= calls + 2)
    assert.ok(spans.includes(300_000))
    assert.ok(events.named('agent.token').some(({ code }) => code === 'NODE_ENROLMENT_REFUSED'))
    peer.answers.enrol = { status: 200, body: { clientId: 'c', clientSecret: 's', projectId: 'p' } }
    await until(() => token('node-agent'))
  })

  test('a server whose certificate the CA did not issue gets no token', async () => {
    start({ OUTRIDER_CA: Buffer.from(selfSigned().cert).toString('base64') })
    await until(() => events.named('agent.token').some(({ code }) => code === 'NODE_ORCHESTRATOR_UNREACHABLE'))
    assert.deepEqual(peer.calls, [])
  })
})
