import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Http2SecureServer } from 'node:http2'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { agent, deviceManagement } from '@outrider/protocols/grpc'
import { guid } from '@outrider/protocols/values'
import { realClock, realRandom, recordEvents, selfSigned, until } from '@outrider/testing/harness'
import {
  connectManager,
  type ManageabilityAgentConfig,
  openOrderJournal,
  type RpcResult,
  type RpcRunner,
  readDetection,
  runManageabilityAgent,
} from './index.ts'

const identity = selfSigned()
const machine = { serial: 'SN1', uuid: guid('d12428be-9fa1-4226-9784-54b2038beab6') }

const info = (fields: object = {}): RpcResult => ({
  exitCode: 0,
  stderr: '',
  stdout: JSON.stringify({
    amt: '16.1.25',
    buildNumber: '2124',
    sku: '16392',
    uuid: machine.uuid,
    controlMode: 'not activated',
    ras: { remoteStatus: 'not connected' },
    detection: { support: 'amt', reason: 'AMT_READY', message: 'AMT is ready.' },
    ...fields,
  }),
})

describe('detection', () => {
  test('keeps the four values of support apart', () => {
    assert.equal(readDetection(info()).support, 'amt')
    assert.equal(readDetection(info({ detection: { support: 'ism', reason: 'ISM_READY' } })).support, 'ism')
    const none = readDetection(info({ detection: { support: 'unsupported', reason: 'MEI_NO_DRIVER' } }))
    assert.deepEqual([none.support, none.reason], ['unsupported', 'MEI_NO_DRIVER'])
    assert.throws(() => readDetection(info({ detection: { support: 'unknown', reason: 'MEI_BUSY' } })), {
      code: 'DETECTION_FAILED',
    })
  })

  test('what is not the document is a coded fault', () => {
    for (const stdout of ['', 'not json', '{}', '[]', '{"detection":{}}'])
      assert.throws(() => readDetection({ exitCode: 0, stdout, stderr: '' }), { code: 'RPC_UNREADABLE' })
  })
})

describe('agent', () => {
  let server: Http2SecureServer
  let url = ''
  let folder = ''
  let stop = new AbortController()
  let running: Promise<void> | undefined
  const reports: { orderId: string; state: number; code: string; exitCode: number }[] = []
  const detections: { reason: string; controlMode: number; orderId: string }[] = []
  const ran: { words: readonly string[]; environment: Readonly<Record<string, string>> }[] = []
  let offered: object[] = []
  let mode = 'not activated'
  let exitCode = 0
  const plain = 'time="t" level=error msg="rps returned error: \\"no\\""\n'
  let log = plain
  let killedRpc = false

  const serve = async (routes: (router: ConnectRouter) => void): Promise<void> => {
    server = createSecureServer({ key: identity.key, cert: identity.cert }, connectNodeAdapter({ routes }))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  const ours = (router: ConnectRouter): void => {
    router.service(agent.AgentService, {
      async *watchOrders(_request, context) {
        for (const order of offered) yield { order }
        await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve()))
      },
      reportDetection: (request) => {
        detections.push(request)
        return {}
      },
      reportOrder: (request) => {
        reports.push(request)
        return {}
      },
    })
  }

  const rpc: RpcRunner = {
    async run(words, environment) {
      ran.push({ words, environment })
      if (killedRpc) return { exitCode: -1, stdout: '', stderr: '' }
      if (words[0] === 'amtinfo') return info({ controlMode: mode })
      if (exitCode === 0) mode = words[0] === 'activate' ? 'client control mode' : 'not activated'
      return { exitCode, stdout: '', stderr: log }
    },
  }

  const start = (fields: Partial<ManageabilityAgentConfig> = {}): void => {
    stop = new AbortController()
    const config: ManageabilityAgentConfig = {
      OUTRIDER_URL: url,
      OUTRIDER_RPS_URL: 'wss://rps.test/activate',
      OUTRIDER_STATE_DIR: folder,
      OUTRIDER_DMI_DIR: folder,
      OUTRIDER_DETECT_SECONDS: 3600,
      OUTRIDER_POLL_SECONDS: 1,
      ...fields,
    }
    const manager = connectManager({
      url,
      ca: Buffer.from(identity.cert),
      machine,
      token: async () => 'token',
      tokenPath: '/token',
    })
    running = runManageabilityAgent(
      {
        config,
        manager,
        rpc,
        journal: openOrderJournal(join(folder, 'journal.json')),
        clock: {
          ...realClock,
          sleep: (span, signal) => realClock.sleep(span > 60_000 ? span : Math.min(span, 20), signal),
        },
        random: realRandom,
        events: recordEvents(),
      },
      stop.signal,
    ).finally(() => manager.close())
  }

  const halt = async (): Promise<void> => {
    stop.abort()
    await running
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outrider-pma-'))
    for (const list of [reports, detections, ran]) list.length = 0
    offered = []
    mode = 'not activated'
    exitCode = 0
    log = plain
    killedRpc = false
  })

  afterEach(async () => {
    await halt()
    server.close()
    await rm(folder, { recursive: true, force: true })
  })

  const order = (orderId: string, fields: object = {}) => ({
    orderId,
    operationId: 'op-1',
    kind: agent.OrderKind.ACTIVATE,
    profileName: 'alias',
    deadlineSeconds: 60,
    ...fields,
  })
  const last = (state: number) => reports.find((report) => report.state === state)

  test('reports what it detects once, and again only when it changed', async () => {
    await serve(ours)
    start({ OUTRIDER_DETECT_SECONDS: 5 })
    await until(() => ran.filter(({ words }) => words[0] === 'amtinfo').length >= 3)
    assert.equal(detections.length, 1)
    mode = 'client control mode'
    await until(() => detections.length === 2)
    assert.equal(detections[1]?.controlMode, agent.ControlMode.CLIENT)
  })

  test('carries an order out: the alias in the environment, the new mode reported before the result', async () => {
    offered = [order('o1')]
    await serve(ours)
    start()
    await until(() => last(agent.OrderState.SUCCEEDED))
    const run = ran.find(({ words }) => words[0] === 'activate')
    assert.deepEqual(run?.words, ['activate', '-u', 'wss://rps.test/activate'])
    assert.deepEqual(run?.environment, { PROFILE: 'alias', RPC_PROFILE: 'alias' })
    assert.ok(detections.some(({ controlMode }) => controlMode === agent.ControlMode.CLIENT))
  })

  test('a deactivation gets its one-time word as the password, not among the words', async () => {
    offered = [order('o2', { kind: agent.OrderKind.DEACTIVATE, profileName: '', actionPassword: 'word' })]
    await serve(ours)
    start()
    await until(() => last(agent.OrderState.SUCCEEDED))
    const run = ran.find(({ words }) => words[0] === 'deactivate')
    assert.ok(run !== undefined && !run.words.includes('word'))
    assert.equal(run.environment.AMT_PASSWORD, 'word')
  })

  test('a failure carries the exit code and what RPC said', async () => {
    offered = [order('o3')]
    exitCode = 24
    await serve(ours)
    start()
    const failed = await until(() => last(agent.OrderState.FAILED))
    assert.deepEqual([failed.code, failed.exitCode], ['RPC_FAILED', 24])
    assert.match((failed as unknown as { message: string }).message, /rps returned error: "no"/)
  })

  test('a look that was asked for and failed is reported as that', async () => {
    offered = [order('o6', { kind: agent.OrderKind.DETECT })]
    killedRpc = true
    await serve(ours)
    start()
    const failed = await until(() => last(agent.OrderState.FAILED))
    assert.deepEqual([failed.orderId, failed.code], ['o6', 'DETECTION_FAILED'])
  })

  test('a failure whose fault RPC names whole is told with its code and remedy', async () => {
    offered = [order('o3b')]
    exitCode = 10
    log =
      'time="t" level=error msg="it cannot be reached" code=RPS_UNREACHABLE kind=unavailable remedy="Check \\"it\\"."\n'
    await serve(ours)
    start()
    const told = await until(() => last(agent.OrderState.FAILED))
    const { code, kind, remedy, message } = told as unknown as Record<string, string>
    assert.deepEqual(
      [code, kind, remedy, message],
      ['RPS_UNREACHABLE', 'unavailable', 'Check "it".', 'it cannot be reached'],
    )
  })

  test('an order that is offered again is not done again: its result is told again', async () => {
    offered = [order('o4'), order('o4'), order('o4')]
    await serve(ours)
    start()
    await until(() => reports.filter(({ state }) => state === agent.OrderState.SUCCEEDED).length === 3)
    assert.equal(ran.filter(({ words }) => words[0] === 'activate').length, 1)
  })

  test('killed in the middle of an order: it is reported as broken off, and not begun again', async () => {
    offered = [order('o5')]
    const journal = openOrderJournal(join(folder, 'journal.json'))
    await journal.write({ orderId: 'o5', state: 'begun', code: '', message: '', exitCode: 0 })
    await serve(ours)
    start()
    const broken = await until(() => last(agent.OrderState.FAILED))
    assert.equal(broken.code, 'AGENT_RESTARTED')
    assert.ok(!ran.some(({ words }) => words[0] === 'activate'))
  })

  test('works with a dm-manager that has only the three existing calls', async () => {
    const results: number[] = []
    let status: unknown
    let asked = 0
    await serve((router) => {
      router.service(deviceManagement.DeviceManagement, {
        reportAMTStatus: (request) => {
          status = [request.hostId, request.status, request.feature]
          return {}
        },
        retrieveActivationDetails: () => {
          if (++asked > 1) throw new ConnectError('nothing to do', Code.FailedPrecondition)
          return { hostId: machine.uuid, operation: deviceManagement.OperationType.ACTIVATE, profileName: 'p' }
        },
        reportActivationResults: (request) => {
          results.push(request.activationStatus)
          return {}
        },
      })
    })
    start({ OUTRIDER_DETECT_SECONDS: 5 })
    await until(() => ran.some(({ words }) => words[0] === 'activate'))
    assert.deepEqual(status, [machine.uuid, deviceManagement.AMTStatus.ENABLED, 'AMT'])
    await until(() => asked > 2)
    assert.equal(results[0], deviceManagement.ActivationStatus.ACTIVATING)
  })
})
