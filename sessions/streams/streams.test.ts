import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import { type Bytes, concat, Fault, text, utf8 } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'
import fc from 'fast-check'
import { byteStreamPair, duplexStream } from './index.ts'

const deadline = () => AbortSignal.timeout(10_000)
const turn = () => new Promise((resolve) => setImmediate(resolve))
const isFault =
  (...codes: string[]) =>
  (error: unknown) =>
    error instanceof Fault && codes.includes(error.code)

const readAll = async (stream: ByteStream): Promise<Bytes> => {
  const parts: Bytes[] = []
  for (let chunk = await stream.read(deadline()); chunk !== undefined; chunk = await stream.read(deadline())) {
    assert.ok(chunk.length > 0)
    parts.push(chunk)
  }
  return concat(parts)
}

const makers: readonly (readonly [name: string, make: () => readonly [ByteStream, ByteStream]])[] = [
  ['a pair in memory', () => byteStreamPair(1000)],
  [
    'a Node duplex',
    () => {
      const [one, other] = duplexPair()
      return [duplexStream(one), duplexStream(other)]
    },
  ],
]

for (const [name, make] of makers)
  describe(name, () => {
    test('carries the same bytes both ways, whatever their sizes', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 10 }), async (chunks) => {
          const [one, other] = make()
          const send = async () => {
            for (const chunk of chunks) await one.write(chunk, deadline())
            one.close()
          }
          const [got] = await Promise.all([readAll(other), send()])
          assert.deepEqual(got, concat(chunks))
          other.close()
        }),
        { numRuns: 30 },
      )
    })

    test('a writer waits for a reader, and stops waiting when told', async () => {
      const [one, other] = make()
      const stop = new AbortController()
      let written = 0
      const pour = async () => {
        for (;;) {
          await one.write(new Uint8Array(10_000), stop.signal)
          written++
        }
      }
      const poured = assert.rejects(pour(), /enough/)
      for (let turns = 0; turns < 50; turns++) await turn()
      const before = written
      for (let turns = 0; turns < 50; turns++) await turn()
      assert.equal(written, before)
      for (let count = 0; count < 20; count++) await other.read(deadline())
      assert.ok(written > before)
      stop.abort(new Error('enough'))
      await poured
      one.close()
      other.close()
    })

    test('a read that is given up loses no bytes', async () => {
      const [one, other] = make()
      const stop = new AbortController()
      const read = other.read(stop.signal)
      stop.abort(new Error('enough'))
      await assert.rejects(read, /enough/)
      await one.write(utf8('kept'), deadline())
      assert.equal(text((await other.read(deadline()))!), 'kept')
      await assert.rejects(other.read(stop.signal), /enough/)
      one.close()
      other.close()
    })

    test('after close nothing waits, and the other side sees the end', async () => {
      const [one, other] = make()
      const reading = one.read(deadline())
      one.close()
      one.close()
      await assert.rejects(reading, isFault('STREAM_CLOSED'))
      await assert.rejects(one.write(utf8('x'), deadline()), isFault('STREAM_CLOSED'))
      assert.equal(await other.read(deadline()), undefined)
      assert.equal(await other.read(deadline()), undefined)
      other.close()
    })

    test('two reads at once are a mistake of the caller', async () => {
      const [one, other] = make()
      const first = one.read(deadline())
      await assert.rejects(one.read(deadline()), TypeError)
      await other.write(utf8('for the first'), deadline())
      assert.equal(text((await first)!), 'for the first')
      one.close()
      other.close()
    })
  })

describe('a socket', () => {
  const pair = async (): Promise<{ readonly near: ByteStream; readonly far: Socket }> => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const far = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [socket] = (await once(server, 'connection')) as [Socket]
    server.close()
    return { near: duplexStream(socket), far }
  }

  test('that is reset fails what waits on it, and keeps what came before', async () => {
    const { near, far } = await pair()
    far.write('before')
    assert.equal(text((await near.read(deadline()))!), 'before')
    const reading = near.read(deadline())
    reading.catch(() => {})
    far.resetAndDestroy()
    await assert.rejects(reading, isFault('STREAM_CUT'))
    await assert.rejects(near.write(utf8('x'), deadline()), isFault('STREAM_CUT'))
  })

  test('that is closed sends first what was written', async () => {
    const { near, far } = await pair()
    const got: Bytes[] = []
    far.on('data', (chunk) => got.push(chunk))
    const ended = once(far, 'end')
    near.write(utf8('last words'), deadline()).catch(() => {})
    near.close()
    await ended
    assert.equal(text(concat(got)), 'last words')
  })

  test('hands out plain arrays', async () => {
    const { near, far } = await pair()
    far.write('x')
    assert.equal((await near.read(deadline()))?.constructor, Uint8Array)
    near.close()
    far.destroy()
  })
})
