import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { AMT_GeneralSettings, AMT_RedirectionService, IPS_HostBasedSetupService } from '@outrider/protocols/amt'
import { encodeAmthiRequest, meiClients } from '@outrider/protocols/mei'
import { Fault, secret } from '@outrider/protocols/values'
import { amthi, openLocalManagement } from '@outrider/sessions/local-management'
import type { CiraDisturbance, Disturbance, Firmware, FirmwareOptions, MeiDisturbance } from '../index.ts'
import { readDisturbance, wsmanTroubles } from '../index.ts'
import { type Authority, createAuthority } from '../test/authority.ts'
import { activate, configureCira, deadline, host, local, type Mps, machine, mps, tunnelAt } from '../test/bench.ts'
import { refusal } from '../test/refusals.ts'

const HA1 = '0123456789abcdef0123456789abcdef'
const setup = { NetAdminPassEncryptionType: 2, NetworkAdminPassword: secret(HA1) }
const soon = () => AbortSignal.timeout(300)

describe('a WS-MAN call goes wrong', () => {
  /** What is left of it: whether it was done, and how the caller learns. */
  const outcomes: Readonly<Record<keyof typeof wsmanTroubles, { readonly done: boolean; readonly ends: RegExp }>> = {
    'drop-before': { done: false, ends: /^WSMAN_|^WIRE_|^STREAM_/ },
    'drop-after': { done: true, ends: /^WSMAN_|^WIRE_|^STREAM_/ },
    'stall-before': { done: false, ends: /^aborted$/ },
    'stall-after': { done: true, ends: /^aborted$/ },
    'garbage-before': { done: false, ends: /^(WIRE|WSMAN)_/ },
    'garbage-after': { done: true, ends: /^(WIRE|WSMAN)_/ },
    'half-answer': { done: true, ends: /^WSMAN_|^WIRE_|^STREAM_/ },
    'wrong-nonce': { done: true, ends: /^answered$/ },
    delay: { done: true, ends: /^answered$/ },
    'http-500': { done: false, ends: /^WSMAN_/ },
    fault: { done: false, ends: /^WSMAN_/ },
    status: { done: false, ends: /^AMT_REFUSED$/ },
  }

  for (const [what, { done, ends }] of Object.entries(outcomes) as [
    keyof typeof wsmanTroubles,
    (typeof outcomes)['fault'],
  ][])
    test(`${what}: ${wsmanTroubles[what]}`, async () => {
      const happened: Disturbance[] = []
      await using firmware = machine({
        disturbances: [
          { at: 'wsman', cls: 'IPS_HostBasedSetupService', operation: 'Setup', what, times: 1, status: 5 },
        ],
      })
      firmware.events.on('disturbed', (each) => happened.push(each))
      await using os = await local(firmware)
      const signal = ends.test('aborted') ? soon() : deadline()
      const end = await os.wsman.invoke(IPS_HostBasedSetupService, 'Setup', setup, signal).then(
        () => 'answered',
        (error: unknown) => (signal.aborted ? 'aborted' : error instanceof Fault ? error.code : String(error)),
      )
      assert.match(end, ends)
      assert.equal(firmware.device.store.now.settings.controlMode, done ? 1 : 0)
      assert.equal(firmware.counters.setup, done ? 1 : 0)
      assert.equal(happened.length, 1)
      // One occasion, and the way is free again.
      await os.wsman.get(AMT_GeneralSettings, {}, deadline())
    })

  test('at any class and operation, each of them by its name', async () => {
    await using firmware = machine()
    await using os = await local(firmware)
    await activate(os)
    const redirection = await os.wsman.get(AMT_RedirectionService, {}, deadline())
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      get: () => os.wsman.get(AMT_RedirectionService, {}, deadline()),
      put: () => os.wsman.put(AMT_RedirectionService, redirection, {}, deadline()),
      enumerate: () => os.wsman.enumerate(AMT_RedirectionService, deadline()),
      pull: () => os.wsman.enumerate(AMT_RedirectionService, deadline()),
      RequestStateChange: () =>
        os.wsman.invoke(AMT_RedirectionService, 'RequestStateChange', { RequestedState: 32768 }, deadline()),
    }
    for (const [operation, act] of Object.entries(calls)) {
      firmware.disturbances.add({ at: 'wsman', cls: 'AMT_RedirectionService', operation, what: 'http-500', times: 1 })
      for (const [other, harmless] of Object.entries(calls))
        if (
          other !== operation &&
          !(operation === 'pull' && other === 'enumerate') &&
          !(operation === 'enumerate' && other === 'pull')
        )
          await harmless()
      await assert.rejects(act(), { code: /^WSMAN_/ })
      assert.equal(firmware.disturbances.calm, true)
    }
  })

  test('each PT_STATUS there is can be had from a method', async () => {
    await using firmware = machine()
    await using os = await local(firmware)
    await activate(os)
    const act = () =>
      refusal(os.wsman.invoke(AMT_RedirectionService, 'RequestStateChange', { RequestedState: 32771 }, deadline()))
    for (const status of [1, 2, 3, 5, 16, 38, 1024, 2057, 2076, 2082, 4099]) {
      firmware.disturbances.add({ at: 'wsman', operation: 'RequestStateChange', what: 'status', status, times: 1 })
      assert.equal(await act(), status)
    }
    assert.equal(firmware.device.store.now.settings.redirection.enabledState, 32768)
    assert.equal(await act(), 0)
  })
})

describe('a message of the engine goes wrong', () => {
  const noPause = async (): Promise<void> => undefined
  const impatient = (firmware: Firmware) => amthi(firmware.engine, { pause: noPause, silence: 60 })

  for (const [what, done, code] of [
    ['silence', false, /^MEI_NO_ANSWER$/],
    ['silence-after', true, /^MEI_NO_ANSWER$/],
    ['garbage', true, /^(WIRE|AMTHI|MEI)_/],
    ['half', true, /^(WIRE|AMTHI|MEI)_/],
    ['status', false, /^AMTHI_REFUSED$/],
  ] as const)
    test(`${what}, at the command it was meant for`, async () => {
      await using firmware = machine()
      {
        await using os = await local(firmware)
        await activate(os)
      }
      firmware.disturbances.add({ at: 'mei', client: 'amthi', command: 'unprovision', what, status: 1 })
      assert.equal(await impatient(firmware).getControlMode(deadline()), 1)
      await assert.rejects(impatient(firmware).unprovision(deadline()), { code })
      firmware.disturbances.clear()
      assert.equal(await impatient(firmware).getControlMode(deadline()), done ? 0 : 1)
      assert.equal(firmware.counters.unprovision, done ? 1 : 0)
    })

  for (const [what, done] of [
    ['reset', false],
    ['reset-after', true],
  ] as const)
    test(`${what}: the connection is gone`, async () => {
      await using firmware = machine({ disturbances: [{ at: 'mei', command: 'unprovision', what, times: 1 }] })
      {
        await using os = await local(firmware)
        await activate(os)
      }
      await using connection = await firmware.engine.connect(meiClients.amthi, deadline())
      await connection.write(encodeAmthiRequest('unprovision', { mode: 0 }), deadline())
      await assert.rejects(connection.read(deadline()), { code: 'MEI_RESET' })
      assert.equal(firmware.counters.unprovision, done ? 1 : 0)
    })

  for (const command of ['protocolVersion', 'serviceRequest', 'globalRequest'])
    for (const what of ['reset-after', 'silence-after', 'garbage', 'half'] as const)
      test(`LME, ${what} at ${command}`, async () => {
        const trouble: MeiDisturbance = { at: 'mei', client: 'lme', command, what }
        await using firmware = machine({ disturbances: [{ ...trouble, times: 1 }] })
        const open = () =>
          openLocalManagement({ mei: firmware.engine, pause: noPause, silence: 60, port: 16992 }, deadline())
        const first = await open().then(
          (way) => way[Symbol.asyncDispose]().then(() => 'open'),
          (error: Fault) => error.code,
        )
        // Silence about a port is one of the ways in which an engine is ready; noise may be a message nobody minds.
        assert.match(first, /-after$|^garbage$/.test(what) ? /^((MEI|APF|WIRE|LME)_|open$)/ : /^(MEI|APF|WIRE|LME)_/)
        await using way = await open()
        ;(await way.openLocal(16992, deadline())).close()
      })
})

// Each of them waits for a deadline or a pause: side by side.
describe('a tunnel goes wrong', { concurrency: 8 }, () => {
  let authority: Authority
  before(async () => {
    authority = await createAuthority('disturbed root')
  })

  const configured = async (server: Mps, options: Partial<FirmwareOptions> = {}): Promise<Firmware> => {
    const firmware = machine({ ...options, timingOverrides: { connectDeadline: 400, keepalive: 1000 } })
    await using os = await local(firmware)
    await activate(os)
    await configureCira(os, { root: authority.der, port: server.port })
    return firmware
  }
  const connected = (firmware: Firmware) => tunnelAt(firmware, ({ at }) => at === 'connected')

  const steps: readonly (readonly [CiraDisturbance['step'], number])[] = [
    ['tls', 1],
    ['protocolVersion', 1],
    ['serviceRequest', 1],
    ['userauthRequest', 1],
    ['serviceRequest', 2],
    ['globalRequest', 1],
    ['globalRequest', 4],
  ]
  for (const [step, nth] of steps)
    for (const what of ['drop', 'stall', 'half-frame', 'garbage'] as const)
      test(`${what} at ${step} ${nth}, and then it is built`, async () => {
        await using server = await mps(await authority.issue('mps.example.com'))
        await using firmware = await configured(server, {
          disturbances: [{ at: 'cira', what, step: step!, nth, times: 1 }],
        })
        await connected(firmware)
        assert.ok(server.connections >= 2)
        assert.equal(firmware.disturbances.calm, true)
      })

  for (const step of ['channelOpenConfirmation', 'channelData'] as const)
    for (const what of ['drop', 'half-frame', 'garbage', 'stall'] as const)
      test(`${what} at ${step}: the call ends, and the tunnel comes back`, async () => {
        await using server = await mps(await authority.issue('mps.example.com'))
        await using firmware = await configured(server, { disturbances: [{ at: 'cira', what, step, times: 1 }] })
        const session = await server.tunnel()
        await connected(firmware)
        const wsman = server.wsman(session)
        await assert.rejects(wsman.get(AMT_GeneralSettings, {}, what === 'stall' ? soon() : deadline()))
        wsman.close()
        if (what === 'stall') session.close()
        await session.closed
        const again = await server.tunnel()
        await connected(firmware)
        const second = server.wsman(again)
        await second.get(AMT_GeneralSettings, {}, deadline())
        second.close()
      })
})

test('a disturbance from outside is read, or it is said what is wrong with it', () => {
  for (const good of [
    { at: 'mei', what: 'busy' },
    { at: 'cira', what: 'half-frame', step: 'globalRequest', nth: 2, afterBytes: 3, times: 1, skip: 2 },
    { at: 'wsman', what: 'status', cls: 'AMT_GeneralSettings', operation: 'get', status: 16, way: 'tunnel' },
  ])
    assert.deepEqual(readDisturbance(good), good)
  for (const bad of [
    null,
    'drop',
    { at: 'moon', what: 'drop' },
    { at: 'cira', what: 'drop-after' },
    { at: 'wsman' },
    { at: 'mei', what: 'busy', times: 'often' },
    { at: 'mei', what: 'busy', times: -1 },
    { at: 'mei', what: 'busy', colour: 'red' },
  ])
    assert.equal(typeof readDisturbance(bad), 'string')
})

test('engines that are never disturbed are not looked at', async () => {
  await using firmware = machine()
  assert.equal(firmware.disturbances.calm, true)
  const id = firmware.disturbances.add({ at: 'mei', what: 'silence', skip: 1, times: 1 })
  assert.deepEqual(firmware.disturbances.list(), [
    { id, disturbance: { at: 'mei', what: 'silence', skip: 1, times: 1 }, left: 1 },
  ])
  assert.equal(await host(firmware).getControlMode(deadline()), 0)
  firmware.disturbances.clear()
  assert.equal(firmware.disturbances.calm, true)
})
