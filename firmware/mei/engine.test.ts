import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AMT_GeneralSettings } from '@outrider/protocols/amt'
import { type ApfMessage, apfMessage } from '@outrider/protocols/apf'
import {
  decodeAmthiResponse,
  encodeAmthiRequest,
  type MeiConnection,
  meiClients,
  skuFeatures,
} from '@outrider/protocols/mei'
import { toHex } from '@outrider/protocols/values'
import { decode, encode } from '@outrider/protocols/wire'
import { openLocalManagement, watchdog } from '@outrider/sessions/local-management'
import { actions } from '../index.ts'
import { activate, deadline, host, local, machine, PASSWORD } from '../test/bench.ts'
import { exercised } from '../test/rule-book.ts'

const noPause = async (): Promise<void> => undefined

describe('the management engine', () => {
  test('says who it is', async (t) => {
    exercised(t, 'self-1')
    await using firmware = machine({ identity: { serial: 'E1' } })
    const engine = host(firmware)
    assert.equal(await engine.getUuid(deadline()), firmware.identity.uuid)
    assert.equal(await engine.getControlMode(deadline()), 0)
    assert.equal(await engine.getProvisioningState(deadline()), 0)
    const versions = await engine.getCodeVersions(deadline())
    const version = (key: string) => versions.find((each) => each.key === key)?.value ?? ''
    assert.equal(version('AMT'), '16.1.25')
    assert.equal(skuFeatures(version('AMT'), version('Sku')), 'AMT Pro Corporate')
    const hashes = await engine.getCertificateHashes(deadline())
    assert.equal(hashes.length, firmware.identity.trustedHashes.length)
    const lan = await engine.getLanSettings('wired', deadline())
    assert.equal(lan.mac, firmware.identity.wiredMac)
    assert.equal((await engine.getLanSettings('wireless', deadline())).mac, '00:00:00:00:00:00')
    const remote = await engine.getRemoteAccess(deadline())
    assert.deepEqual(remote, { network: 0, remote: 0, trigger: 0, mpsHost: '' })
    assert.equal((await engine.getCiraLog(deadline())).summary.tunnelOpen, false)
    const account = await engine.getLocalSystemAccount(deadline())
    assert.equal(account.user, '$$OsAdmin')
    assert.equal(account.password.reveal().length, 32)
  })

  test('unprovisions client control mode, counts it once, and refuses admin control mode', async () => {
    await using firmware = machine()
    {
      await using os = await local(firmware)
      await activate(os)
    }
    const { digestRealm } = firmware.device.store.now.settings
    firmware.device.store.change(({ settings }) => {
      settings.controlMode = 2
    })
    assert.equal(await host(firmware).unprovision(deadline()), 'admin-mode')
    assert.equal(firmware.counters.unprovision, 0)
    firmware.device.store.change(({ settings }) => {
      settings.controlMode = 1
    })
    assert.equal(await host(firmware).unprovision(deadline()), 'unprovisioned')
    assert.equal(firmware.counters.unprovision, 1)
    assert.notEqual(firmware.device.store.now.settings.digestRealm, digestRealm)
    await assert.rejects(host(firmware).unprovision(deadline()), { code: 'AMTHI_REFUSED' })
    assert.equal(firmware.counters.unprovision, 1)
  })

  test('switched off in BIOS it answers for its version alone, until software switches it on', async () => {
    await using firmware = machine()
    firmware.device.store.change(({ bios }) => {
      bios.enabled = false
    })
    await host(firmware).getCodeVersions(deadline())
    await assert.rejects(host(firmware).getControlMode(deadline()), { code: 'AMTHI_REFUSED' })
    const dog = watchdog(firmware.engine, { pause: noPause })
    const { amtEnabled, newInterface, transitionAllowed } = await dog.isChangeToAmtEnabled(deadline())
    assert.deepEqual(
      { amtEnabled, newInterface, transitionAllowed },
      { amtEnabled: false, newInterface: true, transitionAllowed: true },
    )
    assert.equal(await dog.setAmtOperationalState(true, deadline()), 0)
    assert.equal(await host(firmware).getControlMode(deadline()), 0)
  })

  test('switched on in BIOS it is there, for whoever looks again, without anything started again', async () => {
    await using firmware = machine()
    const bios = (enabled: boolean) => actions.bios!.run(firmware, { enabled })
    bios(false)
    // An agent that has been looking all the time, on one connection.
    await using connection = await firmware.engine.connect(meiClients.amthi, deadline())
    const mode = async () => {
      await connection.write(encodeAmthiRequest('getControlMode', {}), deadline())
      return decodeAmthiResponse('getControlMode', await connection.read(deadline()))
    }
    assert.equal((await mode()).status, 2)
    await assert.rejects(local(firmware), { code: 'AMTHI_REFUSED' })
    bios(true)
    assert.equal((await mode()).status, 0)
    const dog = watchdog(firmware.engine, { pause: noPause })
    assert.equal((await dog.isChangeToAmtEnabled(deadline())).amtEnabled, true)
    {
      await using os = await local(firmware)
      await activate(os)
      // And off again: what reaches AMT through the engine ends, the engine goes on.
      bios(false)
      await assert.rejects(os.wsman.get(AMT_GeneralSettings, {}, deadline()))
    }
    assert.equal((await mode()).status, 2)
    bios(true)
    await using os = await local(firmware)
    os.as('admin', PASSWORD)
    await os.wsman.get(AMT_GeneralSettings, {}, deadline())
  })

  test('a BIOS its maker locked, and a provisioned device, are not switched', async () => {
    await using firmware = machine()
    const dog = watchdog(firmware.engine, { pause: noPause })
    const switchOff = () => dog.setAmtOperationalState(false, deadline())
    firmware.device.store.change(({ bios }) => {
      bios.changeAllowed = false
    })
    assert.equal((await dog.isChangeToAmtEnabled(deadline())).restricted, true)
    assert.equal(await switchOff(), 16)
    firmware.device.store.change(({ bios, settings }) => {
      bios.changeAllowed = true
      settings.provisioningState = 2
    })
    assert.equal(await switchOff(), 16)
    assert.equal(firmware.device.store.now.bios.enabled, true)
  })

  test('a consumer machine has none of the clients', async () => {
    await using firmware = machine({ identity: { serial: 'E2', sku: 'none' } })
    for (const client of [meiClients.amthi, meiClients.lme, meiClients.watchdog])
      await assert.rejects(firmware.engine.connect(client, deadline()), { code: 'MEI_NO_CLIENT' })
  })

  test('nonsense ends that connection and no other', async () => {
    await using firmware = machine()
    for (const client of [meiClients.amthi, meiClients.lme, meiClients.watchdog]) {
      await using connection = await firmware.engine.connect(client, deadline())
      await connection.write(Uint8Array.of(1, 2, 3), deadline())
      await assert.rejects(connection.read(deadline()), { code: 'MEI_RESET' })
    }
    assert.equal(await host(firmware).getControlMode(deadline()), 0)
  })

  test('a command of the wrong length, and one nobody knows, have their status', async () => {
    await using firmware = machine()
    await using connection = await firmware.engine.connect(meiClients.amthi, deadline())
    const status = async (request: Uint8Array) => {
      await connection.write(request, deadline())
      return new DataView((await connection.read(deadline())).slice().buffer).getUint32(12, true)
    }
    const long = new Uint8Array([...encodeAmthiRequest('getUuid', {}), 0])
    assert.equal(await status(long), 4)
    const unknown = encodeAmthiRequest('getUuid', {})
    unknown[4] = 0xee
    assert.equal(await status(unknown), 30)
    await connection.write(encodeAmthiRequest('getUuid', {}), deadline())
    assert.equal(decodeAmthiResponse('getUuid', await connection.read(deadline())).status, 0)
  })
})

describe('what goes wrong at the engine on demand', () => {
  const outcomes = [
    ['no-driver', 'MEI_NO_DRIVER'],
    ['permission', 'MEI_NO_PERMISSION'],
    ['no-client', 'MEI_NO_CLIENT'],
    ['busy', 'MEI_BUSY'],
  ] as const
  for (const [what, code] of outcomes)
    test(`${what}, twice, and then no more`, async () => {
      await using firmware = machine({ disturbances: [{ at: 'mei', what, client: 'amthi', times: 2 }] })
      for (let i = 0; i < 2; i++) await assert.rejects(firmware.engine.connect(meiClients.amthi, deadline()), { code })
      await using _ = await firmware.engine.connect(meiClients.watchdog, deadline())
      assert.equal(await host(firmware).getControlMode(deadline()), 0)
    })

  test('reset after a write, and silence', async () => {
    await using firmware = machine({ disturbances: [{ at: 'mei', what: 'reset', times: 1 }] })
    const request = encodeAmthiRequest('getUuid', {})
    {
      await using connection = await firmware.engine.connect(meiClients.amthi, deadline())
      await connection.write(request, deadline())
      await assert.rejects(connection.read(deadline()), { code: 'MEI_RESET' })
    }
    firmware.disturbances.add({ at: 'mei', what: 'silence', times: 1 })
    await using connection = await firmware.engine.connect(meiClients.amthi, deadline())
    await connection.write(request, deadline())
    const silence = new AbortController()
    const answer = connection.read(silence.signal)
    await connection.write(request, deadline())
    assert.equal(toHex(await answer).slice(0, 8), '01010000')
  })

  test('one program at a time speaks to LME', async () => {
    await using firmware = machine()
    const first = await firmware.engine.connect(meiClients.lme, deadline())
    await assert.rejects(firmware.engine.connect(meiClients.lme, deadline()), { code: 'MEI_BUSY' })
    await first.close()
    await using _ = await firmware.engine.connect(meiClients.lme, deadline())
  })
})

describe('LME', () => {
  const send = (connection: MeiConnection, message: ApfMessage) =>
    connection.write(encode(apfMessage, message), deadline())
  const next = async (connection: MeiConnection) => decode(apfMessage, await connection.read(deadline()), 'test')
  const open = (sender: number, port = 16992, channelType = 'forwarded-tcpip'): ApfMessage => ({
    type: 'channelOpen',
    channelType,
    sender,
    window: 4096,
    address: '::1',
    port,
    originatorAddress: '::1',
    originatorPort: 123,
  })

  test('has eight places; one is free again when both sides closed', async () => {
    await using firmware = machine()
    await using connection = await firmware.engine.connect(meiClients.lme, deadline())
    const places: number[] = []
    for (let sender = 1; sender <= 8; sender++) {
      await send(connection, open(sender))
      const answer = await next(connection)
      assert.equal(answer.type, 'channelOpenConfirmation')
      if (answer.type === 'channelOpenConfirmation') places.push(answer.sender)
    }
    assert.deepEqual(places, [0, 1, 2, 3, 4, 5, 6, 7])
    await send(connection, open(9))
    assert.deepEqual(await next(connection), { type: 'channelOpenFailure', recipient: 9, reason: 4 })
    await send(connection, { type: 'channelClose', recipient: 3 })
    assert.deepEqual(await next(connection), { type: 'channelClose', recipient: 4 })
    // A second word about it is for nobody.
    await send(connection, { type: 'channelClose', recipient: 3 })
    await send(connection, open(10))
    const again = await next(connection)
    assert.equal(again.type === 'channelOpenConfirmation' && again.sender, 3)
  })

  test('refuses ports and kinds of channel it does not serve', async () => {
    await using firmware = machine()
    await using connection = await firmware.engine.connect(meiClients.lme, deadline())
    await send(connection, open(1, 16993))
    assert.deepEqual(await next(connection), { type: 'channelOpenFailure', recipient: 1, reason: 2 })
    await send(connection, open(1, 16992, 'direct-tcpip'))
    assert.deepEqual(await next(connection), { type: 'channelOpenFailure', recipient: 1, reason: 3 })
  })

  test('a browser is sent to the logon page', async () => {
    await using firmware = machine()
    await using way = await openLocalManagement({ mei: firmware.engine, pause: noPause, port: 16992 }, deadline())
    const stream = await way.openLocal(16992, deadline())
    await stream.write(new TextEncoder().encode('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), deadline())
    let text = ''
    for (let chunk = await stream.read(deadline()); chunk !== undefined; chunk = await stream.read(deadline()))
      text += new TextDecoder().decode(chunk)
    assert.match(text, /^HTTP\/1\.1 303 See Other\r\n/)
    assert.match(text, /Location: \/logon\.htm\r\n/)
    assert.match(text, /Server: Intel\(R\) Active Management Technology 16\.1\.25\.2124\r\n/)
  })
})
