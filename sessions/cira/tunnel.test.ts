import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ApfMessage, DisconnectReason, OpenFailureReason } from '@outrider/protocols/apf'
import { type Bytes, Fault, text, utf8 } from '@outrider/protocols/values'
import { ciraLimits } from './index.ts'
import { deadline, forward, HandClock, joined, type RawDevice, rawTunnel, turn, until } from './test-kit.ts'

const isFault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code

/** Confirms the next CHANNEL_OPEN and returns our number for it. */
const confirm = async (device: RawDevice, sender: number, window = 4096): Promise<number> => {
  const open = await device.next()
  assert.ok(open.type === 'channelOpen', open.type)
  device.send({ type: 'channelOpenConfirmation', recipient: open.sender, sender, window })
  return open.sender
}
/** What the server sends for everything sent so far: it answers in order, so a keepalive marks the place. */
const settledBy = async (device: RawDevice): Promise<ApfMessage[]> => {
  device.send({ type: 'keepaliveRequest', cookie: 4711 })
  const messages: ApfMessage[] = []
  for (;;) {
    const message = await device.next()
    if (message.type === 'keepaliveReply' && message.cookie === 4711) return messages
    messages.push(message)
  }
}

describe('a tunnel', () => {
  test('keepalives are answered, and seen', async () => {
    const clock = new HandClock()
    const { session, device } = await rawTunnel(clock.sweeper)
    const before = session.lastSeen
    clock.pass(30_000)
    device.send({ type: 'keepaliveRequest', cookie: 255 })
    assert.deepEqual(await device.next(), { type: 'keepaliveReply', cookie: 255 })
    assert.equal(session.lastSeen - before, 30_000)
    assert.equal(session.connectedAt, before)
  })

  test('a silent device is asked for a sign, and given up when it gives none', async () => {
    const clock = new HandClock()
    const { session, device } = await rawTunnel(clock.sweeper)
    clock.pass(46_000)
    assert.equal((await device.next()).type, 'keepaliveRequest')
    device.send({ type: 'keepaliveReply', cookie: 0 })
    await turn()
    clock.pass(46_000)
    assert.equal((await device.next()).type, 'keepaliveRequest')
    clock.pass(45_000)
    await device.ended
    assert.deepEqual(await device.next(), { type: 'disconnect', reason: DisconnectReason.timedOut })
    assert.equal((await session.closed).why, 'idle')
  })

  test('a device whose list does not end with 5900 is taken at its word after a quiet moment', async () => {
    const clock = new HandClock()
    const { session, device } = await rawTunnel(clock.sweeper, {}, [16993, 664])
    assert.equal(session.settled, false)
    const early = session.openChannel(16992, deadline())
    early.catch(() => {})
    clock.pass(600)
    device.send(forward(16995))
    assert.equal((await device.next()).type, 'requestSuccess')
    clock.pass(600)
    assert.equal(session.settled, false)
    clock.pass(600)
    assert.equal((await device.next()).type, 'keepaliveOptionsRequest')
    await assert.rejects(early, isFault('CIRA_PORT_NOT_FORWARDED'))
    await assert.rejects(session.openChannel(16992, deadline()), isFault('CIRA_PORT_NOT_FORWARDED'))
  })

  test('a channel to a port that is still to come waits for it', async () => {
    const { sweeper } = new HandClock()
    const { session, device } = await rawTunnel(sweeper, {}, [16993])
    const opened = session.openChannel(16992, deadline())
    device.send(forward(16992))
    assert.equal((await device.next()).type, 'requestSuccess')
    await confirm(device, 1)
    assert.equal((await opened).port, 16992)
  })

  test('a port that is taken back for a moment is asked for again', async () => {
    const { sweeper } = new HandClock()
    const { session, device } = await rawTunnel(sweeper)
    const cancel = { name: 'cancel-tcpip-forward', wantReply: false, address: '', port: 16992 } as const
    device.send({ type: 'globalRequest', request: cancel })
    assert.deepEqual(await settledBy(device), [])
    assert.deepEqual(session.ports, [5900])
    const opened = session.openChannel(16992, deadline())
    device.send(forward(16992))
    assert.deepEqual(await device.next(), { type: 'requestSuccess', port: 16992 })
    await confirm(device, 1)
    assert.equal((await opened).port, 16992)
  })

  test('of the ports a device takes back only so many are remembered', async () => {
    const { sweeper } = new HandClock()
    const { session, device } = await rawTunnel(sweeper)
    for (let port = 1000; port < 1100; port++)
      device.send({
        type: 'globalRequest',
        request: { name: 'cancel-tcpip-forward', wantReply: false, address: '', port },
      })
    assert.deepEqual(await settledBy(device), [])
    await assert.rejects(session.openChannel(1000, deadline()), { code: 'CIRA_PORT_NOT_FORWARDED' })
    await assert.rejects(session.openChannel(1099, deadline()), { code: 'CIRA_CHANNEL_REFUSED' })
  })

  test('the device gives a port back and offers it again', async () => {
    const { sweeper } = new HandClock()
    const { session, tunnel } = await joined(sweeper)
    tunnel.request([
      { name: 'cancel-tcpip-forward', port: 16992 },
      { name: 'tcpip-forward', port: 16992 },
      { name: 'tcpip-forward', port: 664 },
    ])
    await until(() => session.ports.includes(664))
    const channel = await session.openChannel(664, deadline())
    assert.deepEqual(session.ports, [16993, 623, 16994, 5900, 16992, 664])
    assert.deepEqual([...tunnel.ports].sort(), [...session.ports].sort())
    channel.close()
  })

  test('a channel the device wants is refused by its type', async () => {
    const { sweeper } = new HandClock()
    const wanted: unknown[] = []
    const { device } = await rawTunnel(sweeper, {
      observe: { deviceChannel: (_, host, port) => wanted.push([host, port]) },
    })
    device.send({
      type: 'channelOpen',
      channelType: 'direct-tcpip',
      sender: 9,
      window: 4096,
      address: 'events.example',
      port: 443,
      originatorAddress: '',
      originatorPort: 1,
    })
    const reason = OpenFailureReason.unknownChannelType
    assert.deepEqual(await device.next(), { type: 'channelOpenFailure', recipient: 9, reason })
    assert.deepEqual(wanted, [['events.example', 443]])
  })

  test('a datagram of the device is handed on and takes exactly its bytes', async () => {
    const { sweeper } = new HandClock()
    const got: Bytes[] = []
    const { tunnel, session } = await joined(sweeper, {
      observe: { datagram: (_session, _host, _port, data) => got.push(data.slice()) },
    })
    tunnel.sendDatagram('192.0.2.1', 162, utf8('alert'))
    const channel = await session.openChannel(16992, deadline())
    assert.deepEqual(got.map(text), ['alert'])
    channel.close()
  })

  test('frames for channels that are gone, or never were, change nothing', async () => {
    const { sweeper } = new HandClock()
    const { session, device } = await rawTunnel(sweeper)
    const opened = session.openChannel(16992, deadline())
    const id = await confirm(device, 1)
    ;(await opened).close()
    assert.deepEqual(await device.next(), { type: 'channelClose', recipient: 1 })
    device.send({ type: 'channelClose', recipient: id })
    for (const recipient of [0, id, 77]) {
      device.send({ type: 'channelData', recipient, data: utf8('late') })
      device.send({ type: 'channelWindowAdjust', recipient, increment: 5 })
      device.send({ type: 'channelClose', recipient })
    }
    assert.deepEqual(await settledBy(device), [])
    assert.equal(session.channelCount, 0)
  })

  const violations: readonly (readonly [string, string, (id: number) => ApfMessage])[] = [
    [
      'a second confirmation',
      'APF_UNEXPECTED_MESSAGE',
      (id) => ({ type: 'channelOpenConfirmation', recipient: id, sender: 2, window: 1 }),
    ],
    [
      'a confirmation nobody asked for',
      'APF_UNEXPECTED_MESSAGE',
      (id) => ({ type: 'channelOpenConfirmation', recipient: id + 1, sender: 2, window: 1 }),
    ],
    [
      'a window beyond 32 bits',
      'APF_WINDOW_OVERFLOW',
      (id) => ({ type: 'channelWindowAdjust', recipient: id, increment: 0xffffffff }),
    ],
    [
      'more data than the window',
      'APF_WINDOW_OVERRUN',
      (id) => ({ type: 'channelData', recipient: id, data: new Uint8Array(ciraLimits.window + 1) }),
    ],
    [
      'the device speaking as a server',
      'APF_UNEXPECTED_MESSAGE',
      () => ({ type: 'keepaliveOptionsRequest', interval: 1, timeout: 1 }),
    ],
    ['a padding', 'APF_UNEXPECTED_MESSAGE', () => ({ type: 'padding' })],
  ]
  for (const [name, code, message] of violations)
    test(`${name} ends the tunnel as a protocol error`, async () => {
      const { sweeper } = new HandClock()
      const { session, device } = await rawTunnel(sweeper)
      const opened = session.openChannel(16992, deadline())
      const id = await confirm(device, 1)
      const channel = await opened
      device.send(message(id))
      const reason = await session.closed
      assert.equal(reason.why, 'protocol')
      assert.equal(reason.fault?.code, code)
      assert.deepEqual(await device.next(), { type: 'disconnect', reason: DisconnectReason.protocolError })
      await assert.rejects(channel.read(deadline()), isFault('DEVICE_DISCONNECTED'))
    })

  test('a device that asks and asks and reads nothing is let go', async () => {
    const clock = new HandClock()
    const { session, far } = await rawTunnel(clock.sweeper)
    far.removeAllListeners('data')
    far.pause()
    const flood = new Uint8Array(5 * 10_000)
    for (let at = 0; at < flood.length; at += 5) flood[at] = 208
    await until(() => {
      far.write(flood)
      return session.end !== undefined
    })
    assert.equal((await session.closed).why, 'not-reading')
    clock.pass(2001)
    await turn()
    assert.equal(clock.sweeper.size, 0)
  })

  test('when it ends, everything that waits ends at once and says why', async () => {
    const { sweeper } = new HandClock()
    const limits = { ...ciraLimits, channels: 2 }
    const { session, device } = await rawTunnel(sweeper, { limits }, [16992])
    const first = session.openChannel(16992, deadline())
    await confirm(device, 1, 4)
    const channel = await first
    const waiting = [
      channel.read(deadline()),
      channel.write(new Uint8Array(100), deadline()),
      session.openChannel(16992, deadline()),
      session.openChannel(16992, deadline()),
      session.openChannel(16994, deadline()),
    ]
    for (const each of waiting) each.catch(() => {})
    assert.equal((await settledBy(device)).at(-1)?.type, 'channelOpen')
    device.cut()
    for (const each of waiting) await assert.rejects(each, isFault('DEVICE_DISCONNECTED'))
    assert.equal((await session.closed).why, 'lost')
    await assert.rejects(session.openChannel(16992, deadline()), isFault('DEVICE_DISCONNECTED'))
    await assert.rejects(channel.write(utf8('x'), deadline()), isFault('DEVICE_DISCONNECTED'))
    assert.deepEqual(session.ports, [16992])
    assert.equal(session.channelCount, 0)
  })

  test('who waits for a port only is told too', async () => {
    const { sweeper } = new HandClock()
    const { session, device } = await rawTunnel(sweeper, {}, [16993])
    const waiting = session.openChannel(16992, deadline())
    waiting.catch(() => {})
    device.cut()
    await assert.rejects(waiting, isFault('DEVICE_DISCONNECTED'))
  })

  test('a device that answers late is not taken for one that never does', async () => {
    const { sweeper } = new HandClock()
    const limits = { ...ciraLimits, unanswered: 2 }
    const { session, device } = await rawTunnel(sweeper, { limits })
    for (let count = 0; count < 6; count++) {
      const stop = new AbortController()
      const opened = session.openChannel(16992, stop.signal)
      opened.catch(() => {})
      const open = await device.next()
      assert.ok(open.type === 'channelOpen')
      stop.abort(new Error('enough'))
      await assert.rejects(opened, /enough/)
      const recipient = open.sender
      if (count % 2 === 0) device.send({ type: 'channelOpenFailure', recipient, reason: 2 })
      else {
        device.send({ type: 'channelOpenConfirmation', recipient, sender: count, window: 4096 })
        assert.deepEqual(await device.next(), { type: 'channelClose', recipient: count })
        device.send({ type: 'channelClose', recipient })
      }
      assert.deepEqual(await settledBy(device), [])
    }
    assert.equal(session.end, undefined)
    assert.equal(session.channelCount, 0)
  })

  test('a device that leaves requests for channels unanswered is let go', async () => {
    const { sweeper } = new HandClock()
    const limits = { ...ciraLimits, unanswered: 2 }
    const { session } = await rawTunnel(sweeper, { limits })
    for (let count = 0; count < 3; count++) {
      const stop = new AbortController()
      const opened = session.openChannel(16992, stop.signal)
      opened.catch(() => {})
      await turn()
      stop.abort(new Error('enough'))
      await assert.rejects(opened, /enough/)
    }
    assert.equal((await session.closed).why, 'unresponsive')
  })

  test('the device notices that the server is gone, and follows its wishes for keepalives', async () => {
    const clock = new HandClock()
    const limits = { ...ciraLimits, keepaliveSeconds: 10, idle: 1_000_000 }
    const { session, tunnel, near } = await joined(clock.sweeper, { limits })
    assert.equal(tunnel.keepaliveSeconds, 10)
    const seen = session.lastSeen
    clock.pass(10_000)
    await turn()
    assert.ok(session.lastSeen > seen)
    near.pause()
    for (let round = 0; round < 4; round++) clock.pass(10_000)
    assert.equal((await tunnel.closed).why, 'idle')
  })

  test('what is observed is what happened', async () => {
    const { sweeper } = new HandClock()
    const events: string[] = []
    const { session, tunnel } = await joined(sweeper, {
      observe: {
        opened: () => events.push('opened'),
        settled: () => events.push('settled'),
        ended: (_, reason) => events.push(`ended ${reason.why}`),
        channelOpened: (_, port) => events.push(`channel ${port} opened`),
        channelClosed: (_, port) => events.push(`channel ${port} closed`),
      },
    })
    const channel = await session.openChannel(16992, deadline())
    channel.close()
    const next = await session.openChannel(16992, deadline())
    next.close()
    tunnel.close()
    await session.closed
    assert.deepEqual(events, [
      'opened',
      'settled',
      'channel 16992 opened',
      'channel 16992 closed',
      'channel 16992 opened',
      'channel 16992 closed',
      'ended disconnected',
    ])
  })
})
