import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type AmthiRequest,
  amthiCommands,
  decodeAmthiRequest,
  decodeUpidRequest,
  decodeWatchdogRequest,
  encodeAmthiResponse,
  encodeAmthiStatus,
  encodeChangeToAmtEnabled,
  encodeOperationalStateReply,
  encodeUpid,
  encodeUpidStatus,
  meiClients,
  meiFaults,
} from '@outrider/protocols/mei'
import { type Bytes, guid, seconds, secret } from '@outrider/protocols/values'
import { MemoryMei } from '../../testing/mei/memory-mei.ts'
import { amthi, readUpid, watchdog } from './index.ts'

const deadline = () => AbortSignal.timeout(seconds(10))

/** Never waits, and remembers how long it should have. */
const pauses = () => {
  const spans: number[] = []
  const pause = async (span: number, signal: AbortSignal) => {
    signal.throwIfAborted()
    spans.push(span)
  }
  return { spans, pause, silence: 100 }
}

const engineAnswering = (answer: (request: AmthiRequest) => Bytes): MemoryMei =>
  new MemoryMei({
    serve: async (engine) => {
      for (;;) engine.write(answer(decodeAmthiRequest(await engine.read())))
    },
  })

/** A device in factory state that answers the commands the field's clients send. */
const factoryEngine = (): MemoryMei =>
  engineAnswering((request) => {
    if (request.is !== 'command') return encodeAmthiStatus(request.id, 30)
    switch (request.name) {
      case 'getUuid':
        return encodeAmthiResponse(request.name, { uuid: guid('d12428be-9fa1-4226-9784-54b2038beab6') })
      case 'getControlMode':
        return encodeAmthiResponse(request.name, { mode: 0 })
      case 'getCodeVersions':
        return encodeAmthiResponse(request.name, {
          bios: 'BIOS',
          versions: [
            { key: 'AMT', value: '16.1.25' },
            { key: 'Sku', value: '16392' },
          ],
        })
      case 'getLocalSystemAccount':
        return encodeAmthiResponse(request.name, { user: '$$OsAdmin', password: 'once' })
      case 'enumerateHashHandles':
        return encodeAmthiResponse(request.name, { handles: [1, 7] })
      case 'getCertHashEntry':
        return encodeAmthiResponse(request.name, {
          isDefault: request.input.handle === 1,
          isActive: true,
          hash: new Uint8Array(64).fill(request.input.handle),
          algorithm: 2,
          name: `root ${request.input.handle}`,
        })
      case 'unprovision':
        return encodeAmthiStatus(amthiCommands.unprovision.id, 3)
      case 'stopConfiguration':
        return encodeAmthiStatus(amthiCommands.stopConfiguration.id, 32)
      default:
        return encodeAmthiStatus(amthiCommands[request.name].id, 2)
    }
  })

describe('AMTHI client', () => {
  it('asks and reads', async () => {
    const device = amthi(factoryEngine(), pauses())
    assert.equal(await device.getUuid(deadline()), 'd12428be-9fa1-4226-9784-54b2038beab6')
    assert.equal(await device.getControlMode(deadline()), 0)
    assert.deepEqual(await device.getCodeVersions(deadline()), [
      { key: 'AMT', value: '16.1.25' },
      { key: 'Sku', value: '16392' },
    ])
    const account = await device.getLocalSystemAccount(deadline())
    assert.equal(account.user, '$$OsAdmin')
    assert.equal(account.password.reveal(), secret('once').reveal())
    assert.deepEqual(
      (await device.getCertificateHashes(deadline())).map(({ name, algorithm, hash, isDefault }) => [
        name,
        algorithm,
        hash,
        isDefault,
      ]),
      [
        ['root 1', 'SHA256', '01'.repeat(32), true],
        ['root 7', 'SHA256', '07'.repeat(32), false],
      ],
    )
  })

  it('makes a refusal a value where it is expected, and a fault with the status name where it is not', async () => {
    const device = amthi(factoryEngine(), pauses())
    assert.equal(await device.unprovision(deadline()), 'admin-mode')
    assert.equal(await device.stopConfiguration(deadline()), 'not-configuring')
    await assert.rejects(device.getProvisioningState(deadline()), {
      code: 'AMTHI_REFUSED',
      detail: { command: 'getProvisioningState', code: 2, status: 'AMT_STATUS_NOT_READY' },
    })
  })

  it('holds no connection between calls', async () => {
    const engine = factoryEngine()
    const device = amthi(engine, pauses())
    await device.getUuid(deadline())
    await assert.rejects(device.getProvisioningState(deadline()))
    assert.equal(engine.open, 0)
    assert.equal(engine.connects.length, 2)
  })

  it('waits for a client somebody else holds, longer each time, and gives up after eight', async () => {
    let refusals = 3
    const { spans, ...patience } = pauses()
    const busy = new MemoryMei({
      serve: async (engine) => {
        await engine.read()
        engine.write(encodeAmthiResponse('getControlMode', { mode: 1 }))
      },
    })
    const refusing = {
      connect: async (client: Parameters<MemoryMei['connect']>[0], signal: AbortSignal) => {
        if (refusals > 0) {
          refusals--
          throw meiFaults.MEI_BUSY({ client: 'amthi' })
        }
        return busy.connect(client, signal)
      },
    }
    assert.equal(await amthi(refusing, patience).getControlMode(deadline()), 1)
    assert.deepEqual(spans, [750, 1500, 2250])

    refusals = 100
    spans.length = 0
    await assert.rejects(amthi(refusing, patience).getControlMode(deadline()), { code: 'MEI_BUSY' })
    assert.equal(spans.length, 7)
  })

  it('asks again after a reset where asking does no harm, and never repeats an act', async () => {
    let resets = 1
    const seen: string[] = []
    const patience = pauses()
    const resetting = new MemoryMei({
      serve: async (engine) => {
        const request = decodeAmthiRequest(await engine.read())
        assert.ok(request.is === 'command')
        seen.push(request.name)
        if (resets-- > 0) engine.reset()
        else engine.write(encodeAmthiResponse('getControlMode', { mode: 2 }))
      },
    })
    assert.equal(await amthi(resetting, patience).getControlMode(deadline()), 2)
    assert.deepEqual(seen, ['getControlMode', 'getControlMode'])

    resets = 1
    await assert.rejects(amthi(resetting, patience).unprovision(deadline()), { code: 'MEI_RESET' })
    assert.deepEqual(seen.slice(2), ['unprovision'])
  })

  it('tells an answer to another question from its own', async () => {
    const confused = engineAnswering(() => encodeAmthiResponse('getControlMode', { mode: 1 }))
    await assert.rejects(amthi(confused, pauses()).getUuid(deadline()), { code: 'WIRE_MALFORMED' })
  })

  it('stops at once when its signal aborts', async () => {
    const stop = new AbortController()
    const silent = new MemoryMei({
      serve: async (engine) => {
        await engine.read()
        stop.abort(new Error('enough'))
        await engine.closed
      },
    })
    await assert.rejects(amthi(silent, pauses()).getUuid(stop.signal), /enough/)
    assert.equal(silent.open, 0)
  })

  it('does not wait for ever', async () => {
    const silent = new MemoryMei({ serve: (engine) => engine.closed })
    await assert.rejects(amthi(silent, pauses()).getUuid(deadline()), {
      code: 'MEI_NO_ANSWER',
      detail: { client: 'amthi', seconds: 0.1 },
    })
  })
})

describe('watchdog client', () => {
  it('reads whether AMT is on, and switches it', async () => {
    let amtEnabled = false
    const engine = new MemoryMei({
      maxMessageBytes: 16,
      serve: async (end) => {
        assert.equal(end.client, meiClients.watchdog)
        const request = decodeWatchdogRequest(await end.read())
        if (request.type === 'setAmtOperationalState') {
          amtEnabled = request.enabled
          end.write(encodeOperationalStateReply(0))
        } else
          end.write(
            encodeChangeToAmtEnabled({
              transitionAllowed: true,
              amtEnabled,
              restricted: false,
              tlsEnforcedOnLocalPorts: false,
              newInterface: true,
            }),
          )
      },
    })
    const client = watchdog(engine, pauses())
    assert.equal((await client.isChangeToAmtEnabled(deadline())).amtEnabled, false)
    assert.equal(await client.setAmtOperationalState(true, deadline()), 0)
    assert.equal((await client.isChangeToAmtEnabled(deadline())).amtEnabled, true)
  })
})

describe('UPID client', () => {
  it('switches the client on, reads, and switches it off again', async () => {
    const seen: string[] = []
    const upid = { oemIdType: 1, oemId: new Uint8Array(32), csmeId: new Uint8Array(32).fill(3) }
    const engine = new MemoryMei({
      serve: async (end) => {
        const request = decodeUpidRequest(await end.read())
        seen.push(request.type === 'get' ? 'get' : `set ${request.enabled}`)
        end.write(request.type === 'get' ? encodeUpid(upid) : encodeUpidStatus('setState', 0))
      },
    })
    assert.deepEqual(await readUpid(engine, pauses(), deadline()), upid)
    assert.deepEqual(seen, ['set true', 'get', 'set false'])
  })
})
