import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Bytes, concat, Fault, text, utf8 } from '@outrider/protocols/values'
import fc from 'fast-check'
import { ApfChannel, type Channel, ciraLimits } from './index.ts'
import { deadline, HandClock, joined, type RawDevice, rawTunnel, readAll, turn, until } from './test-kit.ts'

const isFault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code

const nextOpen = async (device: RawDevice) => {
  const open = await device.next()
  assert.ok(open.type === 'channelOpen', open.type)
  return open
}
const numbered = (length: number): Bytes => Uint8Array.from({ length }, (_, at) => at % 251)

/** A channel whose far end is written by hand: the device's number for it is 1. */
const rawChannel = async (credit: number, limits = ciraLimits) => {
  const { sweeper } = new HandClock()
  const { session, device } = await rawTunnel(sweeper, { limits })
  const opened = session.openChannel(16992, deadline())
  const { sender } = await nextOpen(device)
  device.send({ type: 'channelOpenConfirmation', recipient: sender, sender: 1, window: credit })
  return { session, device, channel: await opened, id: sender }
}

describe('a channel', () => {
  test('carries what is written, whatever the windows and the sizes', async () => {
    const size = fc.integer({ min: 16, max: 3000 })
    await fc.assert(
      fc.asyncProperty(
        fc.record({ ours: size, theirs: size, chunk: size }),
        fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 6 }),
        async ({ ours, theirs, chunk }, sizes) => {
          const { sweeper } = new HandClock()
          const limits = { ...ciraLimits, window: ours, chunk }
          const { session } = await joined(sweeper, { limits }, { window: theirs, chunk })
          const channel = await session.openChannel(16992, deadline())
          const sent = sizes.map(numbered)
          const write = async () => {
            for (const bytes of sent) await channel.write(bytes, deadline())
          }
          const whole = concat(sent)
          const [back] = await Promise.all([readAll(channel, whole.length), write()])
          assert.deepEqual(back, whole)
          session.close()
        },
      ),
      { numRuns: 30 },
    )
  })

  test('a reader that stops holds back its channel and no other', async () => {
    const { sweeper } = new HandClock()
    const limits = { ...ciraLimits, window: 32_768 }
    let pushed = 0
    const { session } = await joined(
      sweeper,
      { limits },
      {
        accept: (port, channel) => {
          const push = async () => {
            for (;;) {
              await channel.write(numbered(1000), deadline())
              pushed += 1000
              // Without a window this would go on for ever, and let nothing else happen.
              if (pushed > 10_000_000) throw new Error('nothing holds it back')
            }
          }
          const answer = async () => channel.write((await channel.read(deadline())) as Bytes, deadline())
          ;(port === 16994 ? push() : answer()).catch(() => {})
          return true
        },
      },
    )
    const slow = await session.openChannel(16994, deadline())
    await until(() => pushed >= 32_000)
    const quick = await session.openChannel(16992, deadline())
    await quick.write(utf8('ping'), deadline())
    assert.equal(text((await quick.read(deadline()))!), 'ping')
    for (let turns = 0; turns < 20; turns++) await turn()
    assert.ok(pushed <= 33_000, `${pushed} bytes went into a window of 32768`)
    assert.ok(('unread' in slow ? (slow.unread as number) : 0) <= 32_768)
    assert.equal((await readAll(slow, 200_000)).length >= 200_000, true)
    session.close()
  })

  test('credit is returned for what was read, and not before', async () => {
    const { channel, device, id } = await rawChannel(4096, { ...ciraLimits, window: 40_000 })
    device.send({ type: 'channelData', recipient: id, data: numbered(15_000) })
    device.send({ type: 'channelData', recipient: id, data: numbered(15_000) })
    await turn()
    assert.deepEqual(device.unread, [])
    await channel.read(deadline())
    await turn()
    assert.deepEqual(device.unread, [])
    await channel.read(deadline())
    assert.deepEqual(await device.next(), { type: 'channelWindowAdjust', recipient: 1, increment: 30_000 })
  })

  test('a split leaves the firmware no tail it would stumble over', async () => {
    const { channel, device } = await rawChannel(10)
    const written = channel.write(numbered(12), deadline())
    const first = await device.next()
    assert.ok(first.type === 'channelData')
    assert.equal(first.data.length, 7)
    device.send({ type: 'channelWindowAdjust', recipient: channel.id, increment: 2 })
    const second = await device.next()
    assert.ok(second.type === 'channelData')
    assert.equal(second.data.length, 5)
    await written
  })

  test('a write that is given up sends no more', async () => {
    const { channel, device } = await rawChannel(10)
    const stop = new AbortController()
    const written = channel.write(numbered(100), stop.signal)
    assert.equal((await device.next()).type, 'channelData')
    stop.abort(new Error('enough'))
    await assert.rejects(written, /enough/)
    device.send({ type: 'channelWindowAdjust', recipient: channel.id, increment: 1000 })
    const after = channel.write(utf8('next request'), deadline())
    const next = await device.next()
    assert.ok(next.type === 'channelData')
    assert.equal(text(next.data), 'next request')
    await after
  })

  test('a read that is given up loses no bytes', async () => {
    const { channel, device, id } = await rawChannel(10)
    const stop = new AbortController()
    const read = channel.read(stop.signal)
    stop.abort(new Error('enough'))
    await assert.rejects(read, /enough/)
    device.send({ type: 'channelData', recipient: id, data: utf8('kept') })
    assert.equal(text((await channel.read(deadline()))!), 'kept')
  })

  test('what came before the device closed is still read, then the end; writing is over', async () => {
    const { channel, device, id } = await rawChannel(4)
    const written = channel.write(numbered(100), deadline())
    written.catch(() => {})
    device.send({ type: 'channelData', recipient: id, data: utf8('last words') })
    device.send({ type: 'channelClose', recipient: id })
    await assert.rejects(written, isFault('CIRA_CHANNEL_CLOSED'))
    assert.equal(channel.open, false)
    assert.equal(text((await channel.read(deadline()))!), 'last words')
    assert.equal(await channel.read(deadline()), undefined)
    assert.equal(await channel.read(deadline()), undefined)
    await assert.rejects(channel.write(utf8('x'), deadline()), isFault('CIRA_CHANNEL_CLOSED'))
  })

  test('closed by this side, what waits on it ends', async () => {
    const { channel } = await rawChannel(4)
    const waiting = [channel.read(deadline()), channel.write(numbered(100), deadline())]
    for (const each of waiting) each.catch(() => {})
    channel.close()
    for (const each of waiting) await assert.rejects(each, isFault('CIRA_CHANNEL_CLOSED'))
    await assert.rejects(channel.read(deadline()), isFault('CIRA_CHANNEL_CLOSED'))
  })

  test('CHANNEL_CLOSE is said once, whoever begins and even where both do', async () => {
    const closes = async (act: (channel: Channel, device: RawDevice, id: number) => void) => {
      const { channel, device, id, session } = await rawChannel(1000)
      act(channel, device, id)
      await turn()
      channel.close()
      device.send({ type: 'keepaliveRequest', cookie: 1 })
      const said: string[] = []
      for (let message = await device.next(); message.type !== 'keepaliveReply'; message = await device.next())
        said.push(message.type)
      assert.deepEqual(said, ['channelClose'])
      assert.equal(session.channelCount, 0)
    }
    await closes((channel, device, id) => {
      channel.close()
      device.send({ type: 'channelClose', recipient: id })
    })
    await closes((_, device, id) => device.send({ type: 'channelClose', recipient: id }))
    await closes((channel, device, id) => {
      device.send({ type: 'channelClose', recipient: id })
      channel.close()
      channel.close()
    })
  })

  test('a grant that comes while data is being sent changes nothing in what is sent', async () => {
    const sent: Bytes[] = []
    const channel: ApfChannel = new ApfChannel(
      {
        congested: false,
        transmit: (frame) => {
          sent.push(frame.slice(9))
          channel.adjusted(frame.length - 9)
        },
        transmitClose: () => {},
        closing: () => {},
        abandoned: () => {},
        released: () => {},
      },
      1,
      16992,
      4096,
      100,
    )
    const written = [channel.write(numbered(1000), deadline()), channel.write(numbered(500), deadline())]
    channel.opened(7, 150)
    await Promise.all(written)
    assert.deepEqual(concat(sent), concat([numbered(1000), numbered(500)]))
  })

  test('a tiny window full of tiny frames stays small', async () => {
    const { channel, device, id } = await rawChannel(1000)
    for (let at = 0; at < 2000; at++) device.send({ type: 'channelData', recipient: id, data: Uint8Array.of(at % 251) })
    await turn()
    assert.deepEqual(await readAll(channel, 2000), numbered(2000))
  })
})

describe('opening channels', () => {
  test('the ninth waits for one of the eight slots of the firmware', async () => {
    const { sweeper } = new HandClock()
    const refused: number[] = []
    const limits = { ...ciraLimits, channels: 20, openRetries: Array.from({ length: 200 }, () => 5) }
    const { session } = await joined(sweeper, {
      limits,
      observe: { channelRefused: (_session, _port, reason) => refused.push(reason) },
    })
    const eight = await Promise.all(Array.from({ length: 8 }, () => session.openChannel(16992, deadline())))
    const ninth = session.openChannel(16992, deadline())
    await until(() => refused.length > 0)
    assert.equal(refused[0], 4)
    eight[3]!.close()
    const channel = await ninth
    await channel.write(utf8('made it'), deadline())
    assert.equal(text((await channel.read(deadline()))!), 'made it')
    session.close()
  })

  test('no more are asked for than the limit says, and places are given in order', async () => {
    const { sweeper } = new HandClock()
    const limits = { ...ciraLimits, channels: 2, waiting: 2 }
    const { session } = await joined(sweeper, { limits })
    const first = await session.openChannel(16992, deadline())
    await session.openChannel(16992, deadline())
    const order: string[] = []
    const stop = new AbortController()
    const given = session.openChannel(16992, stop.signal)
    given.catch(() => {})
    const third = session.openChannel(16993, deadline()).then((channel) => {
      order.push('third')
      return channel
    })
    await turn()
    await assert.rejects(session.openChannel(16992, deadline()), isFault('CIRA_CHANNELS_BUSY'))
    stop.abort(new Error('enough'))
    await assert.rejects(given, /enough/)
    const fourth = session.openChannel(16994, deadline()).then(() => order.push('fourth'))
    await turn()
    assert.equal(session.channelCount, 2)
    first.close()
    ;(await third).close()
    await fourth
    assert.deepEqual(order, ['third', 'fourth'])
    session.close()
  })

  test('a refusal for the moment is asked again, one for good is not', async () => {
    const { sweeper } = new HandClock()
    const limits = { ...ciraLimits, openRetries: [1, 1] }
    const { session, device } = await rawTunnel(sweeper, { limits })
    const refuse = async (reason: number) => {
      const { sender } = await nextOpen(device)
      device.send({ type: 'channelOpenFailure', recipient: sender, reason })
    }
    const second = session.openChannel(16992, deadline())
    await refuse(4)
    await refuse(2)
    const { sender } = await nextOpen(device)
    device.send({ type: 'channelOpenConfirmation', recipient: sender, sender: 0, window: 4096 })
    assert.equal((await second).open, true)

    const never = session.openChannel(16992, deadline())
    never.catch(() => {})
    for (let attempt = 0; attempt < 3; attempt++) await refuse(2)
    await assert.rejects(never, isFault('CIRA_CHANNEL_REFUSED'))

    const prohibited = session.openChannel(16992, deadline())
    prohibited.catch(() => {})
    await refuse(1)
    await assert.rejects(prohibited, isFault('CIRA_CHANNEL_REFUSED'))
    assert.equal(session.channelCount, 1)
  })

  test('one that is given up leaves nothing open, whenever the device answers', async () => {
    const { sweeper } = new HandClock()
    const { session, device } = await rawTunnel(sweeper, { limits: { ...ciraLimits, channels: 1 } })
    const stop = new AbortController()
    const opened = session.openChannel(16992, stop.signal)
    opened.catch(() => {})
    const { sender } = await nextOpen(device)
    stop.abort(new Error('enough'))
    await assert.rejects(opened, /enough/)
    // Its place is free although the device has not answered yet.
    const other = session.openChannel(16992, deadline())
    const second = await nextOpen(device)
    device.send({ type: 'channelOpenConfirmation', recipient: sender, sender: 5, window: 4096 })
    assert.deepEqual(await device.next(), { type: 'channelClose', recipient: 5 })
    device.send({ type: 'channelClose', recipient: sender })
    device.send({ type: 'channelOpenConfirmation', recipient: second.sender, sender: 6, window: 4096 })
    assert.equal((await other).open, true)
    assert.equal(session.channelCount, 1)
    const none = session.openChannel(16992, AbortSignal.abort(new Error('too late')))
    await assert.rejects(none, /too late/)
  })

  test('a place that is given to somebody who gives up at that moment goes to the next', async () => {
    const { sweeper } = new HandClock()
    const stop = new AbortController()
    const limits = { ...ciraLimits, channels: 1 }
    const { session } = await joined(sweeper, {
      limits,
      observe: { channelClosed: () => stop.abort(new Error('enough')) },
    })
    const first = await session.openChannel(16992, deadline())
    const second = session.openChannel(16992, stop.signal)
    second.catch(() => {})
    const third = session.openChannel(16992, deadline())
    await turn()
    first.close()
    await assert.rejects(second, /enough/)
    assert.equal((await third).open, true)
    session.close()
  })

  test('a device that never says it closed costs a channel its place for a while only', async () => {
    const clock = new HandClock()
    const limits = { ...ciraLimits, channels: 1, idle: 1_000_000 }
    const { session, device } = await rawTunnel(clock.sweeper, { limits })
    const opened = session.openChannel(16992, deadline())
    const { sender } = await nextOpen(device)
    device.send({ type: 'channelOpenConfirmation', recipient: sender, sender: 1, window: 4096 })
    ;(await opened).close()
    assert.equal((await device.next()).type, 'channelClose')
    const next = session.openChannel(16992, deadline())
    clock.pass(9000)
    await turn()
    assert.deepEqual(device.unread, [])
    clock.pass(1001)
    const second = await nextOpen(device)
    assert.notEqual(second.sender, sender)
    device.send({ type: 'channelOpenConfirmation', recipient: second.sender, sender: 2, window: 4096 })
    await next
  })

  test('the device declines ports it has not forwarded and services that are not there', async () => {
    const { sweeper } = new HandClock()
    const limits = { ...ciraLimits, openRetries: [] }
    const { session } = await joined(sweeper, { limits }, { accept: () => false })
    await assert.rejects(session.openChannel(16992, deadline()), isFault('CIRA_CHANNEL_REFUSED'))
    assert.equal(session.channelCount, 0)
  })

  test('what the device writes while it accepts comes after its confirmation', async () => {
    const { sweeper } = new HandClock()
    const { session } = await joined(
      sweeper,
      {},
      {
        accept: (_port, channel) => {
          channel.write(utf8('banner'), deadline()).then(
            () => channel.close(),
            () => {},
          )
          return true
        },
      },
    )
    const channel = await session.openChannel(16994, deadline())
    assert.equal(text(await readAll(channel)), 'banner')
  })
})
