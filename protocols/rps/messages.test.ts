import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Fault, secret, text, toBase64, utf8 } from '../values/index.ts'
import {
  type ClientMessage,
  completeComponents,
  type DevicePayload,
  decodeClientMessage,
  decodeDevicePayload,
  decodeOutcome,
  decodeServerMessage,
  encodeClientMessage,
  encodeDevicePayload,
  encodeServerMessage,
  noIpConfiguration,
  RPS_MESSAGE_LIMIT,
  requireProtocolVersion,
  type ServerMessage,
  statusComponents,
} from './index.ts'

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true })
const payload = fc.uint8Array({ maxLength: 300 })
const flag = fc.boolean()
const words = fc.string({ maxLength: 20 })
const filled = fc.string({ minLength: 1, maxLength: 20 })
const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 40, maxLength: 64 })

const device: fc.Arbitrary<DevicePayload> = record({
  ver: filled,
  build: filled,
  sku: words,
  features: words,
  uuid: fc.uuid(),
  username: words,
  password: words.map((value) => secret(value)),
  currentMode: fc.integer({ min: 0, max: 2 }),
  hostname: words,
  fqdn: words,
  client: filled,
  certHashes: fc.array(hex, { maxLength: 3 }),
  ipConfiguration: record({
    dhcp: flag,
    static: flag,
    ipsync: flag,
    ipAddress: words,
    netmask: words,
    gateway: words,
    primaryDns: words,
    secondaryDns: words,
  }),
  hostnameInfo: record({ dnsSuffixOS: words, hostname: words }),
  friendlyName: words,
  tlsEnforced: flag,
  tlsTunnel: flag,
  lmsInstalled: flag,
  progressSupported: flag,
})

const component = fc.oneof(
  record({ Result: fc.constantFrom('Success' as const, 'Failure' as const), Details: words }),
  record({ Result: fc.constant('Success' as const), Mode: fc.constantFrom('ACM' as const, 'CCM' as const) }),
)
const texts = { Status: words, Network: words, CIRAConnection: words, TLSConfiguration: words }
const outcome = fc.oneof(
  record({
    is: fc.constant('text' as const),
    text: fc.string({ unit: fc.constantFrom(...'abc d:'), minLength: 1, maxLength: 30 }),
  }),
  record({ is: fc.constant('report' as const), report: record(texts) }),
  record({
    is: fc.constant('report' as const),
    report: record({ ...texts, Components: record({ Activation: component, CIRAConnection: component }) }),
  }),
)

const faultCode = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof Fault, `not a fault: ${error}`)
    return error.code
  }
  return 'none'
}

describe('messages of the client', () => {
  it('read back what was written', () => {
    const message: fc.Arbitrary<Exclude<ClientMessage, { type: 'unknown' | 'heartbeat_response' }>> = fc.oneof(
      record({ type: fc.constantFrom('response' as const, 'tls_data' as const), payload }),
      record({
        type: fc.constant('connection_reset' as const),
        reason: fc.constantFrom('connection_closed' as const, 'lms_error' as const),
      }),
      record({ type: fc.constant('port_switch_ack' as const) }),
    )
    fc.assert(
      fc.property(message, (value) => {
        const read = decodeClientMessage(encodeClientMessage(value, '1.2.3'))
        assert.deepEqual(read, { message: value, appVersion: '1.2.3', protocolVersion: '4.0.0' })
      }),
    )
  })

  it('carry everything about the device, the password as a secret', () => {
    fc.assert(
      fc.property(device, (value) => {
        const read = decodeDevicePayload(encodeDevicePayload(value))
        assert.equal(read.password.reveal(), value.password.reveal())
        assert.deepEqual({ ...read, password: '' }, { ...value, password: '' })
      }),
    )
  })

  it('have the keys and the order existing servers and captures have', () => {
    const frame = encodeClientMessage(
      {
        type: 'command',
        command: { verb: 'activate', profile: 'ccm1', force: false },
        device: fc.sample(device, 1)[0]!,
        tenantId: 't1',
      },
      '3.0.0',
    )
    assert.match(
      text(frame),
      /^\{"method":"activate --profile ccm1","apiKey":"key","appVersion":"3\.0\.0","protocolVersion":"4\.0\.0","status":"ok","message":"ok","fqdn":"","payload":"[A-Za-z0-9+/=]+","tenantId":"t1"\}$/,
    )
    const read = decodeClientMessage(frame).message
    assert.ok(read.type === 'command' && read.tenantId === 't1')
  })

  it('gives a heartbeat back as it came', () => {
    const asked = decodeServerMessage(encodeServerMessage({ type: 'heartbeat_request', received: {} }, '9'))
    assert.ok(asked.type === 'heartbeat_request')
    const answer = JSON.parse(text(encodeClientMessage({ ...asked, type: 'heartbeat_response' }, '1')))
    assert.deepEqual(answer, {
      method: 'heartbeat_response',
      apiKey: 'xxxxx',
      appVersion: '9',
      protocolVersion: '4.0.0',
      status: 'success',
      message: '',
      payload: '',
      tenantId: '',
    })
  })

  it('reads a device as older clients describe it', () => {
    const bytes = [0xf5, 0x6d, 0xc8, 0xd2, 0xd2, 0x9d, 0x2c, 0x42, 0x92, 0x26, 0x88, 0xae, 0xdd, 0x12, 0x34, 0x56]
    const sent = { ver: '11.8.55', build: '3510', client: 'RPC', uuid: bytes, certHashes: null, currentMode: 0 }
    const read = decodeDevicePayload(toBase64(utf8(JSON.stringify(sent))))
    assert.equal(read.uuid, 'd2c86df5-9dd2-422c-9226-88aedd123456')
    assert.deepEqual(read.certHashes, [])
    assert.deepEqual(read.ipConfiguration, noIpConfiguration)
    assert.equal(read.progressSupported, false)
  })

  it('names what is wrong', () => {
    const envelope = (fields: object) => utf8(JSON.stringify(fields))
    const code = (fields: object) => faultCode(() => decodeClientMessage(envelope(fields)))
    assert.equal(code({ method: 'activate --profile p', payload: '!!' }), 'RPS_PAYLOAD_UNREADABLE')
    assert.equal(code({ method: 'activate --profile p', payload: toBase64(utf8('[]')) }), 'RPS_PAYLOAD_UNREADABLE')
    assert.equal(code({ method: 'activate --profile p', payload: toBase64(utf8('{}')) }), 'RPS_PAYLOAD_INCOMPLETE')
    assert.equal(code({ method: 'response', payload: '!!' }), 'RPS_MALFORMED')
    assert.equal(code({ payload: '' }), 'RPS_MALFORMED')
    assert.equal(code({ method: 'activate' }), 'RPS_COMMAND_MALFORMED')
    assert.deepEqual(decodeClientMessage(envelope({ method: 'dance' })).message, { type: 'unknown', method: 'dance' })
    const long = envelope({ method: 'response', payload: 'A'.repeat(RPS_MESSAGE_LIMIT) })
    assert.equal(
      faultCode(() => decodeClientMessage(long)),
      'RPS_TOO_LONG',
    )
    assert.equal(
      faultCode(() => encodeClientMessage({ type: 'response', payload: new Uint8Array(RPS_MESSAGE_LIMIT) }, '1')),
      'RPS_TOO_LONG',
    )
  })
})

describe('messages of the server', () => {
  it('read back what was written', () => {
    const message: fc.Arbitrary<Exclude<ServerMessage, { type: 'unknown' | 'heartbeat_request' }>> = fc.oneof(
      record({ type: fc.constantFrom('wsman' as const, 'tls_data' as const), payload }),
      record({
        type: fc.constant('port_switch' as const),
        port: fc.integer({ min: 1, max: 65_535 }),
        delaySeconds: fc.nat(600),
      }),
      record({ type: fc.constant('progress' as const), label: words }),
      record({ type: fc.constantFrom('success' as const, 'error' as const), outcome }),
    )
    fc.assert(
      fc.property(message, (value) => {
        assert.deepEqual(decodeServerMessage(encodeServerMessage(value, '1.2.3')), value)
      }),
    )
  })

  it('have the keys existing clients read', () => {
    const frame = encodeServerMessage({ type: 'port_switch', port: 16_993, delaySeconds: 15 }, '2.40.0')
    assert.deepEqual(JSON.parse(text(frame)), {
      method: 'port_switch',
      apiKey: 'xxxxx',
      appVersion: '2.40.0',
      protocolVersion: '4.0.0',
      status: 'ok',
      message: '',
      payload: '{"port":"16993","delay":15}',
      tenantId: '',
    })
  })

  it('keeps a method it does not know with its payload', () => {
    assert.deepEqual(decodeServerMessage(utf8('{"method":"novelty","payload":"AQI="}')), {
      type: 'unknown',
      method: 'novelty',
      payload: Uint8Array.of(1, 2),
    })
  })

  it('names what is wrong', () => {
    const code = (json: string) => faultCode(() => decodeServerMessage(utf8(json)))
    for (const json of [
      'nonsense',
      '[]',
      'null',
      '{"method":"wsman","payload":"!"}',
      '{"method":"port_switch","payload":"{\\"port\\":\\"ssh\\"}"}',
      '{"method":"port_switch","payload":null}',
    ])
      assert.equal(code(json), 'RPS_MALFORMED')
  })
})

describe('both directions', () => {
  it('end hostile bytes in a coded fault or a value', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map(utf8),
      fc
        .record({
          method: fc.constantFrom('wsman', 'response', 'success', 'port_switch', 'activate --profile p', 'deactivate'),
          payload: fc.oneof(
            fc.string(),
            fc.constant(null),
            fc.integer(),
            fc.json().map((json) => toBase64(utf8(json))),
          ),
          message: fc.oneof(fc.string(), fc.json()),
        })
        .map((value) => utf8(JSON.stringify(value))),
    )
    fc.assert(
      fc.property(noise, (frame) => {
        assert.match(
          faultCode(() => decodeClientMessage(frame)),
          /^none$|^RPS_/,
        )
        assert.match(
          faultCode(() => decodeServerMessage(frame)),
          /^none$|^RPS_/,
        )
      }),
      { numRuns: 500 },
    )
  })
})

describe('protocol version', () => {
  it('is served when it is not newer than ours within the same major', () => {
    const served = (theirs: string, ours = '4.2.1') => faultCode(() => requireProtocolVersion(theirs, ours)) === 'none'
    for (const version of ['', '4', '4.0.0', '4.1.9', '4.2.0', '4.2.1']) assert.ok(served(version), version)
    for (const version of ['3.9.9', '5.0.0', '4.2.2', '4.3.0', 'four', '4.0.0.0', '4.-1'])
      assert.ok(!served(version), version)
    assert.throws(() => requireProtocolVersion('5.0.0'), { message: 'Error: protocol version NOT supported: 5.0.0' })
  })
})

describe('status object', () => {
  it('is told from a plain text', () => {
    assert.deepEqual(decodeOutcome('Failed to do it'), { is: 'text', text: 'Failed to do it' })
    assert.deepEqual(decodeOutcome('{"Status":"Deactivated"}'), {
      is: 'report',
      report: { Status: 'Deactivated', Network: '', CIRAConnection: '', TLSConfiguration: '' },
    })
  })

  it('fills the components that had no part in the configuration', () => {
    const whole = completeComponents({ Activation: { Result: 'Success', Mode: 'CCM', Details: ' activated.. ' } })
    assert.deepEqual(Object.keys(whole), [...statusComponents])
    assert.deepEqual(whole.Activation, { Result: 'Success', Mode: 'CCM', Details: 'Activated' })
    assert.deepEqual(whole.TLS, { Result: 'NotApplicable', Details: 'TLS not part of this configuration' })
  })
})
