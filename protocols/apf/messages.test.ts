import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Bytes,
  concat,
  Fault,
  fromHex,
  guid,
  guidFromSmbios,
  Secret,
  secret,
  toHex,
} from '@outrider/protocols/values'
import { decode, encode, Framer } from '@outrider/protocols/wire'
import fc from 'fast-check'
import {
  type ApfMessage,
  type ApfMessageType,
  apfAfterCancel,
  apfBeforeAuth,
  apfMessage,
  channelDataFrame,
  channelWindowAdjustFrame,
  MAX_DATA,
  MAX_DATA_BEFORE_AUTH,
  MAX_MESSAGE,
} from './index.ts'

const DEVICE = guid('d12428be-9fa1-4226-9784-54b2038beab6')

const zeros = (count: number): string => '00'.repeat(count)

/** Bytes computed independently of this code (reference/mps.md, appendix A), and their meaning. */
const goldens: readonly (readonly [name: string, hex: string, message: ApfMessage])[] = [
  [
    'PROTOCOLVERSION',
    `c0 00000001 00000000 00000003 be2824d1 a19f 2642 9784 54b2038beab6 ${zeros(64)}`,
    { type: 'protocolVersion', major: 1, minor: 0, trigger: 3, guid: DEVICE },
  ],
  [
    'SERVICE_REQUEST',
    '05 00000012 61757468 40616d74 2e696e74 656c2e63 6f6d',
    { type: 'serviceRequest', service: 'auth@amt.intel.com' },
  ],
  [
    'USERAUTH_REQUEST',
    '32 00000005 61646d696e 00000012 7066776440616d742e696e74656c2e636f6d 00000008 70617373776f7264 00 00000008 5040737377307264',
    {
      type: 'userauthRequest',
      user: 'admin',
      service: 'pfwd@amt.intel.com',
      method: { name: 'password', password: secret('P@ssw0rd') },
    },
  ],
  [
    'USERAUTH_FAILURE',
    '33 00000008 70617373776f7264 00',
    { type: 'userauthFailure', methods: 'password', partialSuccess: false },
  ],
  [
    'GLOBAL_REQUEST tcpip-forward',
    '50 0000000d 74637069702d666f7277617264 01 00000000 00004260',
    { type: 'globalRequest', request: { name: 'tcpip-forward', wantReply: true, address: '', port: 16992 } },
  ],
  ['REQUEST_SUCCESS', '51 00004260', { type: 'requestSuccess', port: 16992 }],
  ['KEEPALIVE_OPTIONS', 'd2 0000001e 00000000', { type: 'keepaliveOptionsRequest', interval: 30, timeout: 0 }],
  [
    'CHANNEL_OPEN',
    '5a 0000000f 666f727761726465642d7463706970 00000004 00014000 ffffffff 00000000 00004260 00000007 312e322e332e34 00000400',
    {
      type: 'channelOpen',
      channelType: 'forwarded-tcpip',
      sender: 4,
      window: 81_920,
      address: '',
      port: 16_992,
      originatorAddress: '1.2.3.4',
      originatorPort: 1024,
    },
  ],
  [
    'CHANNEL_OPEN_CONFIRMATION',
    '5b 00000004 00000001 00001000 ffffffff',
    { type: 'channelOpenConfirmation', recipient: 4, sender: 1, window: 4096 },
  ],
  ['CHANNEL_WINDOW_ADJUST', '5d 00000001 0000a001', { type: 'channelWindowAdjust', recipient: 1, increment: 40_961 }],
  ['CHANNEL_CLOSE', '61 00000001', { type: 'channelClose', recipient: 1 }],
]

/** A message with the secrets in it made visible, so that it can be compared. */
const plain = (value: unknown): unknown => {
  if (value instanceof Secret) return { secret: value.reveal() }
  if (value instanceof Uint8Array) return toHex(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
}

const u32 = fc.nat(0xffffffff)
const name = fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => value.isWellFormed())
const data = fc.uint8Array({ maxLength: 300 })
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(fields, { noNullPrototype: true })
const of = <Type extends ApfMessageType>(
  type: Type,
  fields: Record<string, fc.Arbitrary<unknown>> = {},
): fc.Arbitrary<ApfMessage> => record({ type: fc.constant(type), ...fields }) as fc.Arbitrary<ApfMessage>

const generators: { readonly [Type in ApfMessageType]: fc.Arbitrary<ApfMessage> } = {
  padding: of('padding'),
  disconnect: of('disconnect', { reason: u32 }),
  serviceRequest: of('serviceRequest', { service: name }),
  serviceAccept: of('serviceAccept', { service: name }),
  userauthRequest: of('userauthRequest', {
    user: name,
    service: name,
    method: fc.oneof(
      record({ name: fc.constant('none') }),
      record({ name: fc.constant('password'), password: name.map(secret) }),
    ),
  }),
  userauthFailure: of('userauthFailure', { methods: name, partialSuccess: fc.boolean() }),
  userauthSuccess: of('userauthSuccess'),
  globalRequest: of('globalRequest', {
    request: fc.oneof(
      record({
        name: fc.constantFrom('tcpip-forward', 'cancel-tcpip-forward'),
        wantReply: fc.boolean(),
        address: name,
        port: u32,
      }),
      record({
        name: fc.constant('udp-send-to@amt.intel.com'),
        wantReply: fc.boolean(),
        address: name,
        port: u32,
        originatorAddress: name,
        originatorPort: u32,
        data,
      }),
    ),
  }),
  requestSuccess: of('requestSuccess', { port: u32 }),
  requestFailure: of('requestFailure'),
  channelOpen: of('channelOpen', {
    channelType: name,
    sender: u32,
    window: u32,
    address: name,
    port: u32,
    originatorAddress: name,
    originatorPort: u32,
  }),
  channelOpenConfirmation: of('channelOpenConfirmation', { recipient: u32, sender: u32, window: u32 }),
  channelOpenFailure: of('channelOpenFailure', { recipient: u32, reason: u32 }),
  channelWindowAdjust: of('channelWindowAdjust', { recipient: u32, increment: u32 }),
  channelData: of('channelData', { recipient: u32, data }),
  channelClose: of('channelClose', { recipient: u32 }),
  protocolVersion: of('protocolVersion', {
    major: u32,
    minor: u32,
    trigger: u32,
    guid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(guidFromSmbios),
  }),
  keepaliveRequest: of('keepaliveRequest', { cookie: u32 }),
  keepaliveReply: of('keepaliveReply', { cookie: u32 }),
  keepaliveOptionsRequest: of('keepaliveOptionsRequest', { interval: u32, timeout: u32 }),
  keepaliveOptionsReply: of('keepaliveOptionsReply', { interval: u32, timeout: u32 }),
}
const anyMessage = fc.oneof(...Object.values(generators))

/** Everything a framer yields of `chunks`. */
const frames = (chunks: readonly Bytes[]): ApfMessage[] => {
  const framer = new Framer(apfMessage, 'APF', MAX_MESSAGE)
  const messages: ApfMessage[] = []
  for (const chunk of chunks) {
    framer.push(chunk)
    for (let message = framer.next(); message !== undefined; message = framer.next()) messages.push(message)
  }
  framer.end()
  return messages
}

const cut = (bytes: Bytes, at: readonly number[]): Bytes[] => {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...places].map((from, index) => bytes.slice(from, places[index] ?? bytes.length))
}

const isFault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code

describe('APF messages', () => {
  for (const [title, hex, message] of goldens)
    test(`${title} has the bytes of the specification`, () => {
      const bytes = fromHex(hex)!
      assert.equal(toHex(encode(apfMessage, message)), toHex(bytes))
      assert.deepEqual(plain(decode(apfMessage, bytes, 'APF')), plain(message))
    })

  for (const [type, generator] of Object.entries(generators))
    test(`${type} reads back as it was written`, () => {
      fc.assert(
        fc.property(generator, (message) => {
          assert.deepEqual(plain(decode(apfMessage, encode(apfMessage, message), 'APF')), plain(message))
        }),
        { numRuns: 50 },
      )
    })

  test('any split of the stream gives the same messages', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (messages, places) => {
        const stream = concat(messages.map((message) => encode(apfMessage, message)))
        assert.deepEqual(plain(frames(cut(stream, places))), plain(messages))
      }),
    )
  })

  test('every message may be split at every byte', () => {
    for (const [, hex, message] of goldens) {
      const bytes = fromHex(hex)!
      for (let at = 0; at <= bytes.length; at++)
        assert.deepEqual(plain(frames([bytes.slice(0, at), bytes.slice(at)])), plain([message]))
    }
  })

  test('method none takes its own bytes and none of the next message', () => {
    const probe = {
      type: 'userauthRequest',
      user: 'admin',
      service: 'pfwd@amt.intel.com',
      method: { name: 'none' },
    } as const
    const close = { type: 'keepaliveRequest', cookie: 7 } as const
    const stream = concat([encode(apfMessage, probe), encode(apfMessage, close)])
    assert.equal(stream.length, 40 + 5)
    assert.deepEqual(frames([stream]), [probe, close])
  })

  test('the 15 bytes of an existing server for USERAUTH_FAILURE are the message and a padding', () => {
    assert.deepEqual(
      frames([fromHex('33 00000008 70617373776f7264 0000')!]).map(({ type }) => type),
      ['userauthFailure', 'padding'],
    )
  })

  test('a cancelled forwarding is answered without a port', () => {
    const bare = encode(apfMessage, { type: 'requestSuccess', port: undefined })
    assert.equal(toHex(bare), '51')
    assert.equal(decode(apfAfterCancel, bare, 'APF').type, 'requestSuccess')
  })

  test('data of 0 bytes and of 1 MiB is taken, of one more is not', () => {
    const of = (length: number) => frames([channelDataFrame(1, new Uint8Array(length))])
    assert.deepEqual(plain(of(0)), plain([{ type: 'channelData', recipient: 1, data: new Uint8Array(0) }]))
    assert.equal(of(MAX_DATA).length, 1)
    assert.throws(() => of(MAX_DATA + 1), isFault('WIRE_TOO_LONG'))
  })

  test('before authentication a long message is refused by its announcement', () => {
    const framer = new Framer(apfBeforeAuth, 'APF', 4096)
    framer.push(channelDataFrame(1, new Uint8Array(MAX_DATA_BEFORE_AUTH + 1)).subarray(0, 9))
    assert.throws(() => framer.next(), isFault('WIRE_TOO_LONG'))
  })

  test('a text of 2049 bytes, a new password and unknown names are refused', () => {
    const long = fromHex('05 00000801')!
    assert.throws(() => frames([long]), isFault('WIRE_TOO_LONG'))
    const change = fromHex('32 00000000 00000000 00000008 70617373776f7264 01 00000000 00000000')!
    assert.throws(() => frames([change]), isFault('WIRE_MALFORMED'))
    assert.throws(() => frames([fromHex('32 00000000 00000000 00000003 616263')!]), isFault('WIRE_MALFORMED'))
    assert.throws(() => frames([fromHex('50 00000003 616263 01')!]), isFault('WIRE_MALFORMED'))
    assert.throws(() => frames([fromHex('fa 00000000')!]), isFault('WIRE_MALFORMED'))
  })

  test('whatever comes, it is messages, a wait for more, or a coded fault', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.tuple(anyMessage, fc.nat(), fc.nat(255)).map(([message, at, byte]) => {
        const bytes = encode(apfMessage, message)
        bytes[at % bytes.length] = byte
        return bytes
      }),
    )
    fc.assert(
      fc.property(hostile, (bytes) => {
        try {
          frames([bytes])
        } catch (error) {
          assert.ok(error instanceof Fault && error.kind === 'protocol', String(error))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('a password does not show when a message is printed', () => {
    const bytes = fromHex(goldens[2]![1])!
    assert.doesNotMatch(JSON.stringify(decode(apfMessage, bytes, 'APF')), /P@ssw0rd/)
  })

  test('the frames of a busy channel are those of the table', () => {
    fc.assert(
      fc.property(u32, data, u32, (recipient, data, increment) => {
        assert.equal(
          toHex(channelDataFrame(recipient, data)),
          toHex(encode(apfMessage, { type: 'channelData', recipient, data })),
        )
        assert.equal(
          toHex(channelWindowAdjustFrame(recipient, increment)),
          toHex(encode(apfMessage, { type: 'channelWindowAdjust', recipient, increment })),
        )
      }),
    )
  })
})
