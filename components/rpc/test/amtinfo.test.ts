import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  decodeAmthiRequest,
  encodeAmthiResponse,
  encodeAmthiStatus,
  type MeiPort,
  meiClients,
  meiFaults,
} from '@outrider/protocols/mei'
import { guid } from '@outrider/protocols/values'
import { MemoryMei } from '../../../testing/mei/memory-mei.ts'
import { machine, run } from './bench.ts'

const UUID = guid('d12428be-9fa1-4226-9784-54b2038beab6')

const refusing = (fault: () => Error): MeiPort => ({
  connect: async () => {
    throw fault()
  },
})

const info = async (mei: MeiPort) => {
  const result = await run(['amtinfo', '--json'], mei)
  return { ...result, document: JSON.parse(result.stdout) }
}

describe('amtinfo', () => {
  it('prints the document of the field', async () => {
    await using firmware = machine({
      identity: { serial: 'A1', uuid: UUID, version: '16.1.25', build: '1885', wiredMac: '02:00:00:00:00:01' },
    })
    const { exit, document, stderr } = await info(firmware.engine)
    assert.equal(stderr, '')
    assert.equal(exit, 0)
    assert.deepEqual(Object.keys(document), [
      'amt',
      'buildNumber',
      'sku',
      'features',
      'uuid',
      'controlMode',
      'provisioningState',
      'operationalState',
      ...(document.dnsSuffix === undefined ? [] : ['dnsSuffix']),
      'dnsSuffixOS',
      'hostnameOS',
      'ras',
      'wiredAdapter',
      ...(document.wirelessAdapter === undefined ? [] : ['wirelessAdapter']),
      'heciAvailable',
      'detection',
    ])
    const { amt, buildNumber, sku, features, uuid, controlMode, provisioningState, operationalState } = document
    assert.deepEqual(
      { amt, buildNumber, sku, features, uuid, controlMode, provisioningState, operationalState },
      {
        amt: '16.1.25',
        buildNumber: '1885',
        sku: '16392',
        features: 'AMT Pro Corporate',
        uuid: UUID,
        controlMode: 'not activated',
        provisioningState: 'pre-provisioning',
        operationalState: 'enabled',
      },
    )
    assert.equal(document.ras.remoteStatus, 'not connected')
    assert.equal(document.wiredAdapter.macAddress, '02:00:00:00:00:01')
    assert.equal(document.wiredAdapter.osIpAddress, '10.1.2.3')
    assert.equal(document.heciAvailable, true)
    assert.deepEqual([document.detection.support, document.detection.reason], ['amt', 'AMT_READY'])
  })

  it('prints the lines agents read by their prefixes', async () => {
    await using firmware = machine({ identity: { serial: 'A2', uuid: UUID, sku: 'ism' } })
    const { exit, stdout } = await run(['amtinfo'], firmware.engine)
    assert.equal(exit, 0)
    for (const line of [
      'SKU\t\t\t: 16400\n',
      'Features\t\t: Intel Standard Manageability Corporate\n',
      `UUID\t\t\t: ${UUID}\n`,
      'Control Mode\t\t: pre-provisioning state\n',
      'Operational State\t: enabled\n',
      'DNS Suffix (OS)\t\t: example.com\n',
      'Hostname (OS)\t\t: node1\n',
      'RAS Network      \t: ',
      'RAS Remote Status\t: not connected\n',
      '---Wired Adapter---\n',
      'MAC Address  \t\t: ',
    ])
      assert.ok(stdout.includes(line), `${JSON.stringify(line)} is missing in\n${stdout}`)
    assert.doesNotMatch(stdout, /Certificate Hashes/)
  })

  it('prints what it is asked for, hashes in blocks', async () => {
    await using firmware = machine()
    const uuid = await run(['amtinfo', '-uuid'], firmware.engine)
    assert.match(uuid.stdout, /^UUID\t\t\t: [0-9a-f-]{36}\n$/)
    const hashes = await run(['amtinfo', '--cert'], firmware.engine)
    assert.match(hashes.stdout, /^---Certificate Hashes---\n.+ {2}\(Default, Active\)\n {3}SHA256: [0-9a-f]{64}\n/)
    const later = await run(['amtinfo', '--layout', 'v3'], firmware.engine)
    assert.match(later.stdout, /\n {2}AMT Device Information\n {2}─+\n {2}Version {24}/)
  })

  it('tells every reason why a machine cannot be managed from every other', async () => {
    const fact = (mei: MeiPort) =>
      info(mei).then(({ document, exit, pauses }) => [
        document.detection.support,
        document.detection.reason,
        document.heciAvailable,
        exit,
        pauses.length,
      ])
    await using ism = machine({ identity: { serial: 'D1', sku: 'ism' } })
    await using consumer = machine({ identity: { serial: 'D2', sku: 'none' } })
    await using disabled = machine()
    disabled.device.store.change((draft) => {
      draft.bios.enabled = false
    })
    assert.deepEqual(await fact(ism.engine), ['ism', 'ISM_READY', true, 0, 0])
    assert.deepEqual(await fact(consumer.engine), ['unsupported', 'MEI_NO_CLIENT', false, 2, 0])
    assert.deepEqual(await fact(disabled.engine), ['unsupported', 'AMT_DISABLED_IN_BIOS', true, 0, 0])
    assert.deepEqual(await fact(refusing(() => meiFaults.MEI_NO_DRIVER({ device: '/dev/mei0' }))), [
      'unsupported',
      'MEI_NO_DRIVER',
      false,
      2,
      0,
    ])
    assert.deepEqual(await fact(refusing(() => meiFaults.MEI_NO_PERMISSION({ device: '/dev/mei0' }))), [
      'unknown',
      'MEI_NO_PERMISSION',
      false,
      1,
      0,
    ])
    // Four attempts four seconds apart; of a busy client each is eight more.
    assert.deepEqual(await fact(refusing(() => meiFaults.MEI_RESET())), ['unknown', 'MEI_RESET', false, 2, 3])
    const busy = await info(refusing(() => meiFaults.MEI_BUSY({ client: 'amthi' })))
    assert.deepEqual([busy.document.detection.support, busy.document.detection.reason], ['unknown', 'MEI_BUSY'])
    assert.equal(busy.pauses.filter((span) => span === 4000).length, 3)
  })

  it('tells a machine whose SKU grants nothing, and an engine too old for the watchdog', async () => {
    const engine = (sku: string, refuse: boolean) =>
      new MemoryMei({
        serve: async (end) => {
          if (end.client !== meiClients.amthi) return end.reset()
          const request = decodeAmthiRequest(await end.read())
          if (request.is !== 'command') return end.reset()
          if (refuse) end.write(encodeAmthiStatus(0x0400006b, 2))
          else if (request.name === 'getControlMode') end.write(encodeAmthiResponse(request.name, { mode: 0 }))
          else if (request.name === 'getCodeVersions')
            end.write(
              encodeAmthiResponse(request.name, {
                bios: '',
                versions: [
                  { key: 'AMT', value: '11.8.55' },
                  { key: 'Sku', value: sku },
                ],
              }),
            )
          else end.reset()
        },
      })
    const bare = await info(engine('8192', false))
    assert.deepEqual([bare.document.detection.reason, bare.exit], ['SKU_NOT_MANAGEABLE', 0])
    assert.equal(bare.document.operationalState, undefined)
    const old = await info(engine('16392', false))
    assert.equal(old.document.detection.reason, 'AMT_READY')
    // Items that cannot be read are left out, and the log says so.
    assert.equal(old.document.uuid, undefined)
    assert.match(old.stderr, /Failed to get UUID/)
    const notReady = await info(engine('16392', true))
    assert.deepEqual(
      [notReady.document.detection.support, notReady.document.detection.reason],
      ['unknown', 'AMT_NOT_READY'],
    )
  })

  it('says in the words scripts look for that there is no driver', async () => {
    const { exit, stdout, stderr } = await run(
      ['amtinfo'],
      refusing(() => meiFaults.MEI_NO_DRIVER({ device: '/dev/mei0' })),
    )
    assert.equal(exit, 2)
    assert.equal(stdout, '')
    assert.match(
      stderr,
      /level=error msg="AMT not found: MEI\/driver is missing or the call to the HECI driver failed"/,
    )
    assert.match(stderr, /level=error msg="Error 2: HECIDriverNotDetected - Details: .*\/dev\/mei0 does not exist\."/)
  })
})

describe('version', () => {
  it('touches nothing of the machine', async () => {
    const untouchable = refusing(() => new Error('touched'))
    assert.deepEqual(await run(['version'], untouchable), {
      exit: 0,
      stdout: 'RPC\nVersion 1.2.3\nProtocol 4.0.0\n',
      stderr: '',
      pauses: [],
    })
    const { stdout } = await run(['version', '--json'], untouchable)
    assert.deepEqual(Object.keys(JSON.parse(stdout)), [
      'app',
      'version',
      'protocol',
      'commit',
      'date',
      'go',
      'platform',
    ])
  })
})
