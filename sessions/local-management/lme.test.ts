import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import {
  type ApfMessage,
  type ApfMessageOf,
  type ApfMessageType,
  apfAfterCancel,
  apfMessage,
} from '@outrider/protocols/apf'
import { meiClients, meiFaults } from '@outrider/protocols/mei'
import { type Bytes, concat, guid, seconds, text, utf8 } from '@outrider/protocols/values'
import { type ByteStream, decode, encode } from '@outrider/protocols/wire'
import { type EngineEnd, MemoryMei } from '../../testing/mei/memory-mei.ts'
import { LmeSession, lmsOnTcp, openLocalManagement } from './index.ts'

const deadline = () => AbortSignal.timeout(seconds(10))
const patience = { pause: async (_span: number, signal: AbortSignal) => signal.throwIfAborted(), silence: 400 }

/** The engine's end in APF messages. */
class LmeScript {
  readonly #engine: EngineEnd

  constructor(engine: EngineEnd) {
    this.#engine = engine
  }

  say(message: ApfMessage): void {
    this.#engine.write(encode(apfMessage, message))
  }

  async hear(codec = apfMessage): Promise<ApfMessage> {
    return decode(codec, await this.#engine.read(), 'APF')
  }

  /** The next message, which has to be of this type. */
  async expect<Type extends ApfMessageType>(type: Type): Promise<ApfMessageOf<Type>> {
    const message = await this.hear()
    assert.equal(message.type, type, JSON.stringify(message))
    return message as ApfMessageOf<Type>
  }

  /** Greets and names `ports`, one after the other's answer. */
  async begin(ports: readonly number[]): Promise<void> {
    const greeting = await this.expect('protocolVersion')
    assert.equal(greeting.trigger, 9)
    this.say({ type: 'protocolVersion', major: 1, minor: 0, trigger: 254, guid: ENGINE })
    await this.expect('protocolVersion')
    for (const service of ['auth@amt.intel.com', 'pfwd@amt.intel.com']) {
      this.say({ type: 'serviceRequest', service })
      assert.equal((await this.expect('serviceAccept')).service, service)
    }
    for (const port of ports) {
      this.say({ type: 'globalRequest', request: { name: 'tcpip-forward', wantReply: true, address: '', port } })
      assert.equal((await this.expect('requestSuccess')).port, port)
    }
  }

  async confirm(sender: number, window: number): Promise<ApfMessageOf<'channelOpen'>> {
    const open = await this.expect('channelOpen')
    this.say({ type: 'channelOpenConfirmation', recipient: open.sender, sender, window })
    return open
  }
}

const ENGINE = guid('d12428be-9fa1-4226-9784-54b2038beab6')

/** An LME engine that plays `script`; what it fails with is thrown by `done`. */
const lme = (script: (engine: LmeScript, end: EngineEnd) => Promise<void>, maxMessageBytes = 4096) => {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>()
  const mei = new MemoryMei({
    maxMessageBytes,
    serve: async (end) => {
      assert.equal(end.client, meiClients.lme)
      await script(new LmeScript(end), end).then(resolve, reject)
      await end.closed
    },
  })
  done.catch(() => {})
  return { mei, done }
}

const readAll = async (stream: ByteStream): Promise<Uint8Array> => {
  const parts: Bytes[] = []
  for (let chunk = await stream.read(deadline()); chunk !== undefined; chunk = await stream.read(deadline()))
    parts.push(chunk)
  return concat(parts)
}

describe('LME session', () => {
  it('is ready once the engine has named its ports', async () => {
    const { mei, done } = lme((engine) => engine.begin([16992, 623]))
    await using session = await LmeSession.open(mei, patience, deadline())
    assert.deepEqual([...session.ports], [16992, 623])
    await done
  })

  it('is ready with the ports of TLS alone, and after a silence with what there is', async () => {
    const enforced = lme((engine) => engine.begin([16993, 664]))
    {
      await using session = await LmeSession.open(enforced.mei, patience, deadline())
      assert.ok(!session.ports.has(16992))
    }
    const quiet = lme((engine) => engine.begin([16992]))
    await using session = await LmeSession.open(quiet.mei, patience, deadline())
    assert.deepEqual([...session.ports], [16992])
  })

  it('carries a request and its response, then gives the slot back', async () => {
    const response = 'x'.repeat(10_000)
    const { mei, done } = lme(async (engine) => {
      await engine.begin([16992, 623])
      const open = await engine.confirm(3, 4000)
      assert.deepEqual(
        [open.channelType, open.address, open.port, open.originatorAddress, open.originatorPort, open.window],
        ['forwarded-tcpip', '::1', 16992, '::1', 123, 4096],
      )
      const request = await engine.expect('channelData')
      assert.equal(request.recipient, 3)
      assert.equal(text(request.data), 'POST /wsman')
      engine.say({ type: 'channelWindowAdjust', recipient: open.sender, increment: request.data.length })
      let credit = 4096
      for (let at = 0; at < response.length; ) {
        if (credit === 0) credit += (await engine.expect('channelWindowAdjust')).increment
        const data = utf8(response.slice(at, at + Math.min(1500, credit)))
        engine.say({ type: 'channelData', recipient: open.sender, data })
        at += data.length
        credit -= data.length
      }
      engine.say({ type: 'channelClose', recipient: open.sender })
      for (;;) if ((await engine.hear()).type === 'channelClose') return
    })
    await using session = await LmeSession.open(mei, patience, deadline())
    const stream = await session.openLocal(16992, deadline())
    await stream.write(utf8('POST /wsman'), deadline())
    assert.equal(text(await readAll(stream)), response)
    stream.close()
    await done
  })

  it('sends no more than it is granted, and no message longer than the engine takes', async () => {
    const sent = new Uint8Array(5000).map((_, at) => at & 0xff)
    const { mei, done } = lme(async (engine) => {
      await engine.begin([16992, 623])
      const open = await engine.confirm(1, 1000)
      const parts: Bytes[] = []
      let credit = 1000
      for (let got = 0; got < sent.length; ) {
        const { data } = await engine.expect('channelData')
        assert.ok(data.length <= 512 - 9, `${data.length} bytes in one message`)
        credit -= data.length
        assert.ok(credit >= 0, 'more than was granted')
        parts.push(data.slice())
        got += data.length
        if (credit < 10) {
          engine.say({ type: 'channelWindowAdjust', recipient: open.sender, increment: 700 })
          credit += 700
        }
      }
      assert.deepEqual(concat(parts), sent)
    }, 512)
    await using session = await LmeSession.open(mei, patience, deadline())
    const stream = await session.openLocal(16992, deadline())
    await stream.write(sent, deadline())
    await done
  })

  it('tries a refused open three times, then says why', async () => {
    const { mei, done } = lme(async (engine) => {
      await engine.begin([16992, 623])
      const senders = new Set<number>()
      for (let turn = 0; turn < 3; turn++) {
        const { sender } = await engine.expect('channelOpen')
        senders.add(sender)
        engine.say({ type: 'channelOpenFailure', recipient: sender, reason: 4 })
      }
      assert.equal(senders.size, 3)
    })
    await using session = await LmeSession.open(mei, patience, deadline())
    await assert.rejects(session.openLocal(16992, deadline()), {
      code: 'LME_OPEN_REFUSED',
      detail: { port: 16992, reason: 'resourceShortage' },
    })
    await done
  })

  it('ignores closes and data of channels that are gone, and refuses channels of the engine', async () => {
    const { mei, done } = lme(async (engine) => {
      await engine.begin([16992, 623])
      for (const recipient of [0, 30]) {
        engine.say({ type: 'channelClose', recipient })
        engine.say({ type: 'channelData', recipient, data: utf8('late') })
      }
      engine.say({
        type: 'channelOpen',
        channelType: 'direct-tcpip',
        sender: 5,
        window: 100,
        address: '127.0.0.1',
        port: 80,
        originatorAddress: '',
        originatorPort: 0,
      })
      const failure = await engine.expect('channelOpenFailure')
      assert.equal(failure.recipient, 5)
      engine.say({ type: 'keepaliveRequest', cookie: 77 })
      assert.equal((await engine.expect('keepaliveReply')).cookie, 77)
      engine.say({
        type: 'globalRequest',
        request: { name: 'cancel-tcpip-forward', wantReply: true, address: '', port: 623 },
      })
      // An answer to a cancel names no port.
      assert.deepEqual(await engine.hear(apfAfterCancel), { type: 'requestSuccess' })
    })
    await using session = await LmeSession.open(mei, patience, deadline())
    await done
    assert.deepEqual([...session.ports], [16992])
  })

  it('closes a channel whose opening was given up when the engine opens it after all', async () => {
    const stop = new AbortController()
    const { mei, done } = lme(async (engine) => {
      await engine.begin([16992, 623])
      const { sender } = await engine.expect('channelOpen')
      stop.abort(new Error('enough'))
      engine.say({ type: 'channelOpenConfirmation', recipient: sender, sender: 6, window: 100 })
      assert.equal((await engine.expect('channelClose')).recipient, 6)
    })
    await using session = await LmeSession.open(mei, patience, deadline())
    await assert.rejects(session.openLocal(16992, stop.signal), /enough/)
    await done
  })

  it('ends everybody who waits when the engine goes away, disconnects or breaks the rules', async () => {
    const ends: readonly (readonly [string, (engine: LmeScript, end: EngineEnd, channel: number) => void])[] = [
      ['MEI_RESET', (_, end) => end.reset()],
      ['LME_DISCONNECTED', (engine) => engine.say({ type: 'disconnect', reason: 11 })],
      [
        'APF_WINDOW_OVERRUN',
        (engine, _, recipient) => {
          for (let at = 0; at < 5; at++) engine.say({ type: 'channelData', recipient, data: new Uint8Array(1000) })
        },
      ],
      ['WIRE_MALFORMED', (_, end) => end.write(Uint8Array.of(255, 1, 2))],
    ]
    for (const [code, finish] of ends) {
      const { mei, done } = lme(async (engine, end) => {
        await engine.begin([16992, 623])
        const { sender } = await engine.confirm(1, 10)
        await engine.expect('channelData')
        finish(engine, end, sender)
      })
      await using session = await LmeSession.open(mei, patience, deadline())
      const stream = await session.openLocal(16992, deadline())
      await assert.rejects(stream.write(new Uint8Array(100), deadline()), { code })
      await done
      await assert.rejects(session.openLocal(16992, deadline()), { code })
      assert.ok(session.signal.aborted)
    }
  })

  it('says that the engine is held by somebody else, or silent', async () => {
    const busy = {
      connect: async () => {
        throw meiFaults.MEI_BUSY({ client: 'lme' })
      },
    }
    await assert.rejects(LmeSession.open(busy, patience, deadline()), { code: 'MEI_BUSY' })
    const silent = new MemoryMei({ serve: (engine) => engine.closed })
    await assert.rejects(LmeSession.open(silent, patience, deadline()), { code: 'MEI_NO_ANSWER' })
    assert.equal(silent.open, 0)
  })

  it('closes its channels when it is disposed', async () => {
    const { mei, done } = lme(async (engine) => {
      await engine.begin([16992, 623])
      await engine.confirm(4, 100)
      assert.equal((await engine.expect('channelClose')).recipient, 4)
    })
    const session = await LmeSession.open(mei, patience, deadline())
    const stream = await session.openLocal(16992, deadline())
    await session[Symbol.asyncDispose]()
    await done
    await assert.rejects(stream.read(deadline()))
    assert.equal(mei.open, 0)
  })
})

describe('the way to the local ports', () => {
  it('is LMS where it answers', async () => {
    const server = createServer((socket) => socket.end('hello'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const mei = new MemoryMei({ serve: (engine) => engine.closed })
    const dialLms = lmsOnTcp('127.0.0.1', () => address.port)
    {
      await using local = await openLocalManagement({ mei, dialLms, ...patience, port: 16992 }, deadline())
      assert.equal(local.way, 'lms')
      const stream = await local.openLocal(16992, deadline())
      assert.equal(text(await readAll(stream)), 'hello')
      stream.close()
    }
    assert.deepEqual(mei.connects, [])
    server.close()
    await once(server, 'close')

    const { mei: engine } = lme((script) => script.begin([16992, 623]))
    await using local = await openLocalManagement({ mei: engine, dialLms, ...patience, port: 16992 }, deadline())
    assert.equal(local.way, 'lme')
  })

  it('waits for an LMS that restarts, and does not go around it', async () => {
    const mei = new MemoryMei({ serve: (engine) => engine.closed })
    let silences = 2
    const spans: number[] = []
    const pause = async (span: number) => void spans.push(span)
    const dialLms = async () => (silences-- > 0 ? ('silent' as const) : ('refused' as const))
    await assert.rejects(openLocalManagement({ mei, dialLms: async () => 'silent', pause, port: 16992 }, deadline()), {
      code: 'LMS_NOT_READY',
    })
    assert.equal(spans.length, 4)
    assert.deepEqual(mei.connects, [])
    const { mei: engine } = lme((script) => script.begin([16992, 623]))
    await using local = await openLocalManagement({ mei: engine, dialLms, pause, port: 16992 }, deadline())
    assert.equal(local.way, 'lme')
  })
})
