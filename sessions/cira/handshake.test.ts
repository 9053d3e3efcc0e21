import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import { type ApfMessage, DisconnectReason } from '@outrider/protocols/apf'
import { type Bytes, concat, Fault, text, toHex, utf8 } from '@outrider/protocols/values'
import fc from 'fast-check'
import { acceptCira, type CiraAcceptOptions, type CloseReason, dialCira, type Verdict } from './index.ts'
import {
  acceptOptions,
  authRequest,
  DEVICE,
  deadline,
  dialOptions,
  forward,
  frame,
  greeting,
  HandClock,
  joined,
  portForwarding,
  RawDevice,
  turn,
  until,
} from './test-kit.ts'

/** A device written by hand in front of `acceptCira`. */
const start = (more: Partial<CiraAcceptOptions> = {}) => {
  const clock = new HandClock()
  const [far, near] = duplexPair()
  const rejected: CloseReason[] = []
  const options = acceptOptions(clock.sweeper, {
    observe: { rejected: (reason) => rejected.push(reason) },
    ...more,
  })
  const session = acceptCira(near, options, deadline())
  // Who asserts on it later comes later.
  session.catch(() => {})
  return { clock, session, device: new RawDevice(far), rejected }
}

const isFault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code
const answers = async (device: RawDevice, count: number): Promise<ApfMessage[]> => {
  const messages: ApfMessage[] = []
  while (messages.length < count) messages.push(await device.next())
  return messages
}
const types = (messages: readonly ApfMessage[]) => messages.map(({ type }) => type)
const wholeHandshake = [...greeting, authRequest('P@ssw0rd'), portForwarding, forward(16992), forward(5900)]

describe('accepting a device', () => {
  test('the handshake of a real device, message by message', async () => {
    const { device, session } = start()
    device.send(...greeting)
    assert.deepEqual(await device.next(), { type: 'serviceAccept', service: 'auth@amt.intel.com' })
    device.send(authRequest('P@ssw0rd'))
    assert.deepEqual(await device.next(), { type: 'userauthSuccess' })
    device.send(portForwarding)
    assert.deepEqual(await device.next(), { type: 'serviceAccept', service: 'pfwd@amt.intel.com' })
    for (const port of [16993, 16992, 5900]) {
      device.send(forward(port))
      assert.deepEqual(await device.next(), { type: 'requestSuccess', port })
    }
    assert.deepEqual(await device.next(), { type: 'keepaliveOptionsRequest', interval: 30, timeout: 0 })
    const { guid, user, ports, settled, trigger } = await session
    assert.deepEqual(
      { guid, user, ports, settled, trigger },
      { guid: DEVICE, user: 'admin', ports: [16993, 16992, 5900], settled: true, trigger: 1 },
    )
  })

  test('everything sent ahead waits for the verdict', async () => {
    const verdict = Promise.withResolvers<Verdict>()
    const asked = Promise.withResolvers<void>()
    const { device, session } = start({
      authenticate: () => {
        asked.resolve()
        return verdict.promise
      },
    })
    device.send(...wholeHandshake)
    await asked.promise
    device.send(forward(623))
    assert.deepEqual(types(await answers(device, 1)), ['serviceAccept'])
    await turn()
    assert.deepEqual(device.unread, [])
    verdict.resolve('accepted')
    assert.deepEqual(types(await answers(device, 6)), [
      'userauthSuccess',
      'serviceAccept',
      'requestSuccess',
      'requestSuccess',
      'keepaliveOptionsRequest',
      'requestSuccess',
    ])
    assert.deepEqual((await session).ports, [16992, 5900, 623])
  })

  test('any split of the bytes of a device leads to the same tunnel', async () => {
    const bytes = frame(...wholeHandshake)
    const split = async (places: readonly number[]) => {
      const { device, session } = start()
      let from = 0
      for (const at of [...places].sort((a, b) => a - b)) {
        device.write(bytes.subarray(from, at))
        from = at
        await turn()
      }
      device.write(bytes.subarray(from))
      assert.equal((await answers(device, 6)).at(-1)?.type, 'keepaliveOptionsRequest')
      assert.deepEqual((await session).ports, [16992, 5900])
    }
    await split(Array.from(bytes, (_, at) => at))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 5 }), (places) => split(places)),
      { numRuns: 30 },
    )
  })

  test('the question for methods is answered with 14 bytes that name password, and not put to anybody', async () => {
    let asked = 0
    const { device, session } = start({
      authenticate: async () => {
        asked++
        return 'accepted'
      },
    })
    device.send(...greeting, authRequest(undefined))
    await answers(device, 2)
    assert.equal(toHex(device.raw.subarray(-14)), '330000000870617373776f726400')
    assert.equal(asked, 0)
    device.send(authRequest('P@ssw0rd'), portForwarding)
    await session
    assert.equal(asked, 1)
  })

  test('a device without a password is asked about only where that is wanted', async () => {
    const { device, session } = start({
      admitNone: true,
      authenticate: async ({ password }) => (password === undefined ? 'accepted' : 'refused'),
    })
    device.send(...greeting, authRequest(undefined), portForwarding)
    assert.equal((await session).guid, DEVICE)
  })

  test('wrong credentials are refused three times, and then the device is sent away', async () => {
    const { device, session, rejected } = start()
    device.send(...greeting, authRequest('1'), authRequest('2'), authRequest('3'), authRequest('P@ssw0rd'))
    assert.deepEqual(types(await answers(device, 5)), [
      'serviceAccept',
      'userauthFailure',
      'userauthFailure',
      'userauthFailure',
      'disconnect',
    ])
    await device.ended
    await assert.rejects(session, isFault('CIRA_CREDENTIALS_REFUSED'))
    assert.deepEqual(
      rejected.map(({ why }) => why),
      ['credentials'],
    )
  })

  for (const [verdict, reason, code] of [
    ['unknown', DisconnectReason.hostNotAllowed, 'CIRA_DEVICE_UNKNOWN'],
    ['unavailable', DisconnectReason.temporarilyUnavailable, 'CIRA_VERDICT_UNAVAILABLE'],
    ['failed', DisconnectReason.temporarilyUnavailable, 'CIRA_VERDICT_UNAVAILABLE'],
  ] as const)
    test(`a verdict that is ${verdict} sends the device away with reason ${reason}`, async () => {
      const { device, session } = start({
        authenticate: async () => {
          if (verdict === 'failed') throw new Error('the secret store is away')
          return verdict
        },
      })
      device.send(...greeting, authRequest('P@ssw0rd'))
      assert.deepEqual(await answers(device, 2), [
        { type: 'serviceAccept', service: 'auth@amt.intel.com' },
        { type: 'disconnect', reason },
      ])
      await assert.rejects(session, isFault(code))
    })

  const misplaced: readonly (readonly [name: string, messages: readonly ApfMessage[]])[] = [
    ['a keepalive', [{ type: 'keepaliveRequest', cookie: 1 }]],
    ['a forwarded port', [...greeting, forward(16992)]],
    ['a second PROTOCOLVERSION', [greeting[0]!, greeting[0]!]],
    ['data', [...greeting, { type: 'channelData', recipient: 4, data: utf8('x') }]],
  ]
  for (const [name, messages] of misplaced)
    test(`${name} before authentication is a protocol error`, async () => {
      const { device, session, rejected } = start()
      device.send(...messages)
      await device.ended
      assert.deepEqual(device.unread.at(-1), { type: 'disconnect', reason: DisconnectReason.protocolError })
      await assert.rejects(session, isFault('APF_UNEXPECTED_MESSAGE'))
      assert.equal(rejected[0]?.why, 'protocol')
    })

  test('DISCONNECT before authentication ends this connection and is answered with nothing', async () => {
    const { device, session, rejected } = start()
    device.send(greeting[0]!, { type: 'disconnect', reason: 1 })
    await device.ended
    await assert.rejects(session, isFault('DEVICE_DISCONNECTED'))
    assert.equal(device.raw.length, 0)
    assert.deepEqual(rejected, [{ why: 'disconnected', disconnect: 1 }])
  })

  test('random bytes end in a coded fault', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const { device, session, clock } = start()
        device.write(bytes)
        device.end()
        await assert.rejects(session, (error) => error instanceof Fault)
        await device.ended
        clock.pass(10_000)
        assert.equal(clock.sweeper.size, 0)
      }),
      { numRuns: 60 },
    )
  })

  test('a browser gets a page, however it splits its GET', async () => {
    for (const chunks of [['GET / HTTP/1.1\r\n\r\n'], ['G', 'E', 'T', ' /']]) {
      const [far, near] = duplexPair()
      const visited = acceptCira(near, acceptOptions(new HandClock().sweeper), deadline())
      visited.catch(() => {})
      const got: Bytes[] = []
      const ended = new Promise((resolve) => far.once('end', resolve))
      far.on('data', (chunk: Bytes) => got.push(chunk))
      for (const chunk of chunks) {
        far.write(chunk)
        await turn()
      }
      await assert.rejects(visited, isFault('CIRA_VISITOR'))
      await ended
      const [head, body] = text(concat(got)).split('\r\n\r\n')
      assert.match(head!, /^HTTP\/1\.1 200 OK\r\n/)
      assert.match(`${head}\r\n`, new RegExp(`Content-Length: ${utf8(body!).length}\r\n`))
      far.end()
    }
  })

  test('a G that is no GET is not waited for, wherever it is split', async () => {
    for (const chunks of [['GO'], ['G', 'E', 'X'], ['GE', '\u0001']]) {
      const { device, session } = start()
      for (const chunk of chunks) {
        device.write(utf8(chunk))
        await turn()
      }
      await device.ended
      await assert.rejects(session, isFault('WIRE_MALFORMED'))
    }
  })

  test('who says nothing is sent away in time, and so is who waits for a verdict', async () => {
    for (const send of [[], [...greeting, authRequest('P@ssw0rd')]]) {
      const asked = Promise.withResolvers<AbortSignal>()
      const { device, session, clock, rejected } = start({
        authenticate: (_, signal) => {
          asked.resolve(signal)
          return new Promise(() => {})
        },
      })
      device.send(...send)
      if (send.length > 0) await asked.promise
      clock.pass(10_000)
      assert.equal(rejected.length, 0)
      clock.pass(1)
      await device.ended
      assert.deepEqual(device.unread.at(-1), { type: 'disconnect', reason: DisconnectReason.timedOut })
      await assert.rejects(session, isFault('CIRA_HANDSHAKE_TIMEOUT'))
      if (send.length > 0) assert.ok((await asked.promise).aborted)
      // The device closed its side too, and that was noticed although nothing was read during the verdict.
      await until(() => clock.sweeper.size === 0)
    }
  })

  test('who sends more than a device has to say is sent away', async () => {
    const { device, session, rejected } = start()
    device.send(greeting[0]!)
    for (let sent = 0; sent <= 4096; sent += 512) device.write(new Uint8Array(512).fill(5))
    await device.ended
    await assert.rejects(session, (error) => error instanceof Fault && error.kind === 'protocol')
    assert.equal(rejected.length, 1)
  })

  test('a long message that is only announced is not waited for', async () => {
    const { device, session } = start()
    const announced = frame({ type: 'serviceRequest', service: 'x'.repeat(2048) })
    device.send(greeting[0]!)
    for (let count = 0; count < 3; count++) device.write(announced)
    await device.ended
    await assert.rejects(session, (error) => error instanceof Fault && error.kind === 'protocol')
  })

  test('the caller may give up', async () => {
    const clock = new HandClock()
    const [far, near] = duplexPair()
    const stop = new AbortController()
    const session = acceptCira(near, acceptOptions(clock.sweeper), stop.signal)
    const device = new RawDevice(far)
    stop.abort(new Error('shutting down'))
    await assert.rejects(session, /shutting down/)
    await device.ended
    const late = duplexPair()[0]
    await assert.rejects(acceptCira(late, acceptOptions(clock.sweeper), stop.signal), /shutting down/)
    assert.ok(late.destroyed)
  })

  test('cut after any byte of the handshake, it ends and leaves nothing behind', async () => {
    const bytes = frame(...wholeHandshake)
    for (let length = 0; length < bytes.length; length += 3) {
      const { device, session, clock } = start()
      device.write(bytes.subarray(0, length))
      await turn()
      device.end()
      const outcome = await session.then(
        (tunnel) => tunnel.closed,
        (error: unknown) => error,
      )
      assert.ok(outcome instanceof Fault || (outcome as CloseReason).why === 'lost')
      await device.ended
      clock.pass(10_000)
      assert.equal(clock.sweeper.size, 0)
    }
  })
})

describe('dialing a server', () => {
  test('both sides know the ports, and either can end it', async () => {
    const { sweeper } = new HandClock()
    const first = await joined(sweeper)
    assert.deepEqual(first.tunnel.ports, [16993, 16992, 623, 16994, 5900])
    assert.deepEqual(first.session.ports, first.tunnel.ports)
    first.tunnel.close()
    assert.deepEqual(await first.session.closed, { why: 'disconnected', disconnect: 1 })
    const second = await joined(sweeper)
    second.session.close()
    assert.deepEqual(await second.tunnel.closed, { why: 'disconnected', disconnect: DisconnectReason.byApplication })
  })

  test('refused credentials are a fault of their own', async () => {
    const { sweeper } = new HandClock()
    const [far, near] = duplexPair()
    const accepted = acceptCira(near, acceptOptions(sweeper, { authenticate: async () => 'refused' }), deadline())
    await assert.rejects(dialCira(far, dialOptions(sweeper), deadline()), isFault('CIRA_CREDENTIALS_REFUSED'))
    await assert.rejects(accepted, isFault('DEVICE_DISCONNECTED'))
  })

  test('it speaks with a server that says one zero too many and echoes the greeting', async () => {
    const { sweeper } = new HandClock()
    const [far, near] = duplexPair()
    const server = new RawDevice(near)
    const dialed = dialCira(far, dialOptions(sweeper, { ports: [16992], attempts: 2 }), deadline())
    assert.deepEqual(types(await answers(server, 2)), ['protocolVersion', 'serviceRequest'])
    server.send(greeting[0]!, { type: 'serviceAccept', service: 'auth@amt.intel.com' })
    assert.equal((await server.next()).type, 'userauthRequest')
    server.write(concat([frame({ type: 'userauthFailure', methods: 'password', partialSuccess: false }), utf8('\0')]))
    assert.equal((await server.next()).type, 'userauthRequest')
    server.send({ type: 'userauthSuccess' })
    assert.equal((await server.next()).type, 'serviceRequest')
    server.send({ type: 'serviceAccept', service: 'pfwd@amt.intel.com' })
    assert.deepEqual(await server.next(), forward(16992))
    server.send({ type: 'requestSuccess', port: 16992 })
    assert.deepEqual((await dialed).ports, [16992])
  })

  test('a server that never answers is given up', async () => {
    const clock = new HandClock()
    const [far, near] = duplexPair()
    const server = new RawDevice(near)
    const dialed = dialCira(far, dialOptions(clock.sweeper, { handshake: 5000 }), deadline())
    await answers(server, 2)
    clock.pass(5001)
    await assert.rejects(dialed, isFault('CIRA_HANDSHAKE_TIMEOUT'))
    await server.ended
  })

  test('cut after any byte of the server, the dial ends in a fault', async () => {
    const sent = frame(
      { type: 'serviceAccept', service: 'auth@amt.intel.com' },
      { type: 'userauthSuccess' },
      { type: 'serviceAccept', service: 'pfwd@amt.intel.com' },
    )
    for (let length = 0; length <= sent.length; length += 2) {
      const clock = new HandClock()
      const [far, near] = duplexPair()
      const dialed = dialCira(far, dialOptions(clock.sweeper), deadline())
      dialed.catch(() => {})
      near.resume()
      near.write(sent.subarray(0, length))
      near.end()
      await assert.rejects(dialed, (error) => error instanceof Fault)
      clock.pass(10_000)
      await turn()
      assert.equal(clock.sweeper.size, 0)
    }
  })
})
