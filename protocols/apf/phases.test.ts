import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { guid, secret } from '@outrider/protocols/values'
import {
  type AcceptingPhase,
  type ApfMessage,
  type ApfMessageType,
  accepted,
  accepting,
  ask,
  type DialingPhase,
  DisconnectReason,
  dialing,
  greet,
  refused,
} from './index.ts'

const DEVICE = guid('d12428be-9fa1-4226-9784-54b2038beab6')
const claim = { guid: DEVICE, trigger: 1 }
const dialer = { ...claim, user: 'admin', password: secret('pw'), ports: [16992, 623], address: '' }

/** One of every message, with fields that are right wherever the message is. */
const samples: { readonly [Type in ApfMessageType]: ApfMessage } = {
  padding: { type: 'padding' },
  disconnect: { type: 'disconnect', reason: 1 },
  serviceRequest: { type: 'serviceRequest', service: 'auth@amt.intel.com' },
  serviceAccept: { type: 'serviceAccept', service: 'auth@amt.intel.com' },
  userauthRequest: {
    type: 'userauthRequest',
    user: 'admin',
    service: 'pfwd@amt.intel.com',
    method: { name: 'password', password: secret('pw') },
  },
  userauthFailure: { type: 'userauthFailure', methods: 'password', partialSuccess: false },
  userauthSuccess: { type: 'userauthSuccess' },
  globalRequest: {
    type: 'globalRequest',
    request: { name: 'tcpip-forward', wantReply: true, address: '', port: 16_992 },
  },
  requestSuccess: { type: 'requestSuccess', port: 16_992 },
  requestFailure: { type: 'requestFailure' },
  channelOpen: {
    type: 'channelOpen',
    channelType: 'forwarded-tcpip',
    sender: 4,
    window: 1,
    address: '',
    port: 16_992,
    originatorAddress: '',
    originatorPort: 1,
  },
  channelOpenConfirmation: { type: 'channelOpenConfirmation', recipient: 4, sender: 0, window: 1 },
  channelOpenFailure: { type: 'channelOpenFailure', recipient: 4, reason: 2 },
  channelWindowAdjust: { type: 'channelWindowAdjust', recipient: 4, increment: 1 },
  channelData: { type: 'channelData', recipient: 4, data: new Uint8Array(1) },
  channelClose: { type: 'channelClose', recipient: 4 },
  protocolVersion: { type: 'protocolVersion', major: 1, minor: 0, ...claim },
  keepaliveRequest: { type: 'keepaliveRequest', cookie: 1 },
  keepaliveReply: { type: 'keepaliveReply', cookie: 1 },
  keepaliveOptionsRequest: { type: 'keepaliveOptionsRequest', interval: 30, timeout: 0 },
  keepaliveOptionsReply: { type: 'keepaliveOptionsReply', interval: 30, timeout: 0 },
}

const tunnelMessages: readonly ApfMessageType[] = [
  'channelClose',
  'channelData',
  'channelOpen',
  'channelOpenConfirmation',
  'channelOpenFailure',
  'channelWindowAdjust',
  'disconnect',
  'keepaliveReply',
  'keepaliveRequest',
]

/** The messages that have a place in a phase; all others must be protocol faults. */
const placesOf = (step: (message: ApfMessage) => { readonly do: string }): ApfMessageType[] =>
  (Object.keys(samples) as ApfMessageType[]).filter((type) => step(samples[type]).do !== 'disconnect').sort()

describe('accepting side', () => {
  const phases: readonly (readonly [AcceptingPhase, readonly ApfMessageType[]])[] = [
    [{ at: 'hello' }, ['disconnect', 'protocolVersion']],
    [{ at: 'identified', ...claim }, ['disconnect', 'serviceRequest']],
    [{ at: 'authenticating', attempts: 0, ...claim }, ['disconnect', 'userauthRequest']],
    [{ at: 'verdict', attempts: 0, user: 'admin', ...claim }, []],
    [{ at: 'authenticated', user: 'admin', ...claim }, ['disconnect', 'keepaliveRequest']],
    [
      { at: 'forwarding', user: 'admin', ports: [], ...claim },
      [...tunnelMessages, 'globalRequest', 'keepaliveOptionsReply'],
    ],
    [{ at: 'closed' }, []],
  ]
  for (const [phase, places] of phases)
    test(`in ${phase.at} these messages have a place, and no other: ${places.join(', ') || 'none'}`, () => {
      assert.deepEqual(
        placesOf((message) => accepting(phase, message)),
        [...places].sort(),
      )
    })

  test('the order of a real device leads to forwarded ports', () => {
    let phase: AcceptingPhase = { at: 'hello' }
    const sent: ApfMessage[] = []
    const feed = (message: ApfMessage): void => {
      const step = accepting(phase, message)
      assert.ok(step.do === 'continue' || step.do === 'authenticate', step.do)
      phase = step.phase
      if (step.do === 'continue') sent.push(...step.send)
      else {
        const next = accepted(step.phase)
        phase = next.phase
        sent.push(...next.send)
      }
    }
    feed(samples.protocolVersion)
    feed(samples.serviceRequest)
    feed(samples.userauthRequest)
    feed({ type: 'serviceRequest', service: 'pfwd@amt.intel.com' })
    feed(samples.globalRequest)
    feed({ type: 'globalRequest', request: { name: 'tcpip-forward', wantReply: false, address: 'host', port: 5900 } })
    assert.deepEqual(phase, { at: 'forwarding', user: 'admin', ports: [16_992, 5900], ...claim })
    feed({
      type: 'globalRequest',
      request: { name: 'cancel-tcpip-forward', wantReply: true, address: '', port: 16_992 },
    })
    assert.deepEqual(phase, { at: 'forwarding', user: 'admin', ports: [5900], ...claim })
    assert.deepEqual(sent, [
      { type: 'serviceAccept', service: 'auth@amt.intel.com' },
      { type: 'userauthSuccess' },
      { type: 'serviceAccept', service: 'pfwd@amt.intel.com' },
      { type: 'requestSuccess', port: 16_992 },
      { type: 'requestSuccess', port: undefined },
    ])
  })

  test('a port that cannot be, and a list without end, are answered with no', () => {
    const reply = (ports: readonly number[], port: number): ApfMessage | undefined => {
      const phase: AcceptingPhase = { at: 'forwarding', user: 'admin', ports, ...claim }
      const step = accepting(phase, {
        type: 'globalRequest',
        request: { name: 'tcpip-forward', wantReply: true, address: '', port },
      })
      return step.do === 'continue' ? step.send[0] : undefined
    }
    assert.equal(reply([], 0)?.type, 'requestFailure')
    assert.equal(reply([], 65_536)?.type, 'requestFailure')
    const many = Array.from({ length: 32 }, (_, index) => 1000 + index)
    assert.equal(reply(many, 2000)?.type, 'requestFailure')
    assert.equal(reply(many, 1000)?.type, 'requestSuccess')
  })

  test('unknown services and versions are told so by their reason', () => {
    const wrong = accepting({ at: 'identified', ...claim }, { type: 'serviceRequest', service: 'pfwd@amt.intel.com' })
    assert.ok(wrong.do === 'disconnect' && wrong.reason === DisconnectReason.serviceNotAvailable)
    const old = accepting({ at: 'hello' }, { type: 'protocolVersion', major: 2, minor: 0, ...claim })
    assert.ok(old.do === 'disconnect' && old.reason === DisconnectReason.versionNotSupported)
  })

  test('a refusal counts, and the last one says so', () => {
    const phase = { at: 'verdict', user: 'admin', ...claim } as const
    assert.equal(refused({ ...phase, attempts: 0 }, 2).last, false)
    assert.equal(refused({ ...phase, attempts: 1 }, 2).last, true)
    assert.deepEqual(refused({ ...phase, attempts: 0 }, 2).phase, { at: 'authenticating', attempts: 1, ...claim })
  })
})

describe('dialing side', () => {
  const phases: readonly (readonly [DialingPhase, readonly ApfMessageType[]])[] = [
    [{ at: 'greeting', dialer }, ['disconnect', 'protocolVersion', 'serviceAccept']],
    [
      { at: 'authenticating', dialer },
      ['disconnect', 'padding', 'protocolVersion', 'userauthFailure', 'userauthSuccess'],
    ],
    [{ at: 'refused', dialer }, ['disconnect', 'padding']],
    [{ at: 'authenticated', dialer }, ['disconnect', 'keepaliveOptionsRequest', 'keepaliveRequest']],
    [{ at: 'forwarding', address: '', asked: [], ports: [] }, [...tunnelMessages, 'keepaliveOptionsRequest']],
    [
      { at: 'forwarding', address: '', asked: [{ name: 'tcpip-forward', port: 623 }], ports: [] },
      [...tunnelMessages, 'keepaliveOptionsRequest', 'requestFailure', 'requestSuccess'],
    ],
    [{ at: 'closed' }, []],
  ]
  for (const [phase, places] of phases)
    test(`in ${phase.at} these messages have a place, and no other: ${places.join(', ') || 'none'}`, () => {
      assert.deepEqual(
        placesOf((message) => dialing(phase, message)),
        [...places].sort(),
      )
    })

  test('ports are asked for one after the other, and a refused one is left out', () => {
    let { phase } = greet(dialer)
    const sent: string[] = []
    const feed = (message: ApfMessage): void => {
      const step = dialing(phase, message)
      assert.ok(step.do === 'continue', step.do)
      phase = step.phase
      for (const { type, ...rest } of step.send)
        sent.push('request' in rest ? `${rest.request.name} ${'port' in rest.request ? rest.request.port : ''}` : type)
    }
    feed({ type: 'serviceAccept', service: 'auth@amt.intel.com' })
    feed({ type: 'userauthSuccess' })
    feed({ type: 'serviceAccept', service: 'pfwd@amt.intel.com' })
    assert.deepEqual(sent, ['userauthRequest', 'serviceRequest', 'tcpip-forward 16992'])
    feed({ type: 'requestSuccess', port: 16_992 })
    assert.equal(sent.at(-1), 'tcpip-forward 623')
    feed({ type: 'requestFailure' })
    assert.deepEqual(phase, { at: 'forwarding', address: '', asked: [], ports: [16_992] })
  })

  test('a port can be given back and asked for again', () => {
    const step = ask({ at: 'forwarding', address: '', asked: [], ports: [16_992, 623] }, [
      { name: 'cancel-tcpip-forward', port: 623 },
      { name: 'tcpip-forward', port: 623 },
    ])
    assert.equal(step.send.length, 1)
    const cancelled = dialing(step.phase, { type: 'requestSuccess', port: undefined })
    assert.ok(cancelled.do === 'continue')
    assert.deepEqual('ports' in cancelled.phase && cancelled.phase.ports, [16_992])
    const again = dialing(cancelled.phase, { type: 'requestSuccess', port: 623 })
    assert.ok(again.do === 'continue')
    assert.deepEqual(again.phase, { at: 'forwarding', address: '', asked: [], ports: [16_992, 623] })
  })
})
