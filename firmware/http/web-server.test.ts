import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMT_GeneralSettings,
  AMT_PublicKeyManagementService,
  AMT_PublicPrivateKeyPair,
  IPS_HostBasedSetupService,
} from '@outrider/protocols/amt'
import { secret, text, utf8 } from '@outrider/protocols/values'
import { HttpResponseReader } from '@outrider/protocols/wsman'
import { openLocalManagement } from '@outrider/sessions/local-management'
import type { Firmware, WsmanDisturbance } from '../index.ts'
import { activate, deadline, local, machine } from '../test/bench.ts'

const setup = { NetAdminPassEncryptionType: 2, NetworkAdminPassword: secret('0123456789abcdef0123456789abcdef') }

/** A device about to be set up, to which one thing happens at that. */
const disturbed = async (disturbance: Omit<WsmanDisturbance, 'at'>) => {
  const firmware = machine({
    disturbances: [{ at: 'wsman', cls: 'IPS_HostBasedSetupService', operation: 'Setup', times: 1, ...disturbance }],
  })
  const os = await local(firmware)
  const act = () => os.wsman.invoke(IPS_HostBasedSetupService, 'Setup', setup, deadline())
  const stop = async () => {
    await os[Symbol.asyncDispose]()
    await firmware.stop()
  }
  return { firmware, act, stop, mode: () => firmware.device.store.now.settings.controlMode }
}

describe('what goes wrong with WS-MAN on demand', () => {
  test('the connection ends before anything is done', async () => {
    const { act, mode, firmware, stop } = await disturbed({ what: 'drop-before' })
    await assert.rejects(act())
    assert.equal(mode(), 0)
    assert.equal(firmware.counters.setup, 0)
    await act()
    assert.equal(mode(), 1)
    await stop()
  })

  test('the connection ends after it was done', async () => {
    const { act, mode, firmware, stop } = await disturbed({ what: 'drop-after' })
    await assert.rejects(act())
    assert.equal(mode(), 1)
    assert.equal(firmware.counters.setup, 1)
    await stop()
  })

  test('a nonce runs out, and the client asks again', async () => {
    const { act, firmware, stop } = await disturbed({ what: 'wrong-nonce' })
    await act()
    assert.equal(firmware.counters.setup, 1)
    await stop()
  })

  for (const what of ['http-500', 'fault'] as const)
    test(`${what}: nothing is done`, async () => {
      const { act, mode, stop } = await disturbed({ what, subcode: 'QuotaLimit' })
      await assert.rejects(act())
      assert.equal(mode(), 0)
      await stop()
    })

  test('skip waits for a later occasion', async () => {
    await using firmware = machine({
      disturbances: [{ at: 'wsman', operation: 'get', what: 'fault', subcode: 'QuotaLimit', skip: 2, times: 1 }],
    })
    await using os = await local(firmware)
    const get = () =>
      os.wsman.get(AMT_GeneralSettings, {}, deadline()).then(
        () => 'answered',
        () => 'fault',
      )
    const outcomes = []
    for (let i = 0; i < 4; i++) outcomes.push(await get())
    // The first occasion is the request without credentials, which is refused before it could be disturbed.
    assert.deepEqual(outcomes, ['answered', 'answered', 'fault', 'answered'])
  })
})

/** Writes bytes on one local connection and reads answers until it is closed, or `count` have come. */
const converse = async (firmware: Firmware, requests: string, count: number): Promise<readonly string[]> => {
  await using way = await openLocalManagement(
    { mei: firmware.engine, pause: async () => undefined, port: 16992 },
    deadline(),
  )
  const stream = await way.openLocal(16992, deadline())
  const reader = new HttpResponseReader()
  await stream.write(utf8(requests), deadline())
  const answers: string[] = []
  while (answers.length < count) {
    const answer = reader.next()
    if (answer !== undefined) {
      answers.push(`${answer.status} ${text(answer.body)}`)
      continue
    }
    const chunk = await stream.read(deadline())
    if (chunk === undefined) break
    reader.push(chunk)
  }
  stream.close()
  return answers
}

describe('HTTP of the device', () => {
  test('a request without credentials gets a page that ends as existing clients expect', async () => {
    await using firmware = machine()
    const [answer] = await converse(firmware, 'POST /wsman HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 2)
    assert.match(answer!, /^401 /)
    assert.ok(answer!.endsWith('</html>'))
  })

  test('what is not HTTP, or not a request it knows, is answered with 400 and 404', async () => {
    await using firmware = machine()
    assert.match((await converse(firmware, 'nonsense\r\n\r\n', 2))[0]!, /^400 /)
    assert.match((await converse(firmware, 'PUT /wsman HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 2))[0]!, /^400 /)
    assert.match((await converse(firmware, 'POST /other HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 2))[0]!, /^404 /)
  })

  test('keys are made and kept by the device; the private half stays', async () => {
    await using firmware = machine()
    await using os = await local(firmware)
    await activate(os)
    const generate = (KeyLength: number) =>
      os.wsman.invoke(AMT_PublicKeyManagementService, 'GenerateKeyPair', { KeyAlgorithm: 0, KeyLength }, deadline())
    await assert.rejects(generate(1024), { code: 'AMT_REFUSED' })
    const { KeyPair } = await generate(2048)
    const [key] = await os.wsman.enumerate(AMT_PublicPrivateKeyPair, deadline())
    assert.equal(key?.InstanceID, KeyPair?.selectors.InstanceID)
    assert.equal(key?.DERKey?.length, 270)
  })
})
