import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Fault, fromHex, guid, toHex } from '../values/index.ts'
import {
  type AmthiName,
  amthiCommands,
  amthiStatusName,
  certificateHash,
  codeVersionOf,
  decodeAmthiRequest,
  decodeAmthiResponse,
  encodeAmthiRequest,
  encodeAmthiResponse,
  encodeAmthiStatus,
  suffixesOf,
  suffixList,
} from './index.ts'

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true })

const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u8 = fc.integer({ min: 0, max: 255 })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const ascii = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789.-$'), maxLength })
const ipv4 = fc.tuple(u8, u8, u8, u8).map((octets) => octets.join('.'))
const mac = fc
  .array(u8, { minLength: 6, maxLength: 6 })
  .map((octets) => octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':'))
const uuid = fc.uuid().map((text) => guid(text))
const i32 = fc.integer({ min: -0x80000000, max: 0x7fffffff })

const closure = record({ timestamp: u32, closedByMps: fc.boolean(), apfDisconnectReason: u8, closureReason: u8 })
const ciraInterface = record({
  present: fc.boolean(),
  linkUp: fc.boolean(),
  ip: record({
    dhcpMode: u8,
    address: ipv4,
    gateway: ipv4,
    primaryDns: ipv4,
    secondaryDns: ipv4,
    domain: ascii(192),
    ipv6Router: bytes(16),
    ipv6PrimaryDns: bytes(16),
    ipv6SecondaryDns: bytes(16),
    ipv6Addresses: fc.array(record({ address: bytes(16), type: u8, state: u8 }), { minLength: 6, maxLength: 6 }),
  }),
})
const ciraConnection = record({
  status: u32,
  proxyUsed: fc.boolean(),
  proxyName: ascii(256),
  tcpFailure: u32,
  tlsFailure: i32,
})
const pair = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 2, maxLength: 2 })
const log = record({
  version: u8,
  summary: record({
    tunnelOpen: fc.boolean(),
    connectionState: u8,
    lastKeepalive: u32,
    keepaliveInterval: u32,
    lastConnectionStatus: u8,
    lastConnectionTimestamp: u32,
    lastTunnelStatus: u8,
    lastTunnelOpened: u32,
    lastTunnelClosed: u32,
  }),
  lastFailedTunnel: record({
    valid: fc.boolean(),
    openTimestamp: u32,
    trigger: u8,
    mpsHostname: ascii(256),
    proxyUsed: fc.boolean(),
    proxyName: ascii(256),
    authMethod: u8,
    connectedInterface: u8,
    lastKeepalive: u32,
    keepaliveInterval: u32,
    closure,
  }),
  failedConnection: record({
    valid: fc.boolean(),
    openTimestamp: u32,
    trigger: u8,
    mpsHostname: ascii(256),
    authMethod: u8,
    interfaces: pair(ciraInterface),
    wireless: record({ profile: ascii(33), hostControl: u8 }),
    wired: record({ auth8021x: u8, authSubstate: u8, media: u8, discreteLan: u8 }),
    connectedInterface: u8,
    connections: pair(ciraConnection),
    closure,
  }),
})

const nothing = fc.constant({})
const one = (name: string, value: fc.Arbitrary<unknown>) => record<Record<string, unknown>>({ [name]: value })

/** For every command: any request and any response it can have. */
const values: Record<AmthiName, { input: fc.Arbitrary<object>; output: fc.Arbitrary<object> }> = {
  getProvisioningMode: { input: nothing, output: record({ mode: u32, legacy: fc.boolean() }) },
  unprovision: { input: one('mode', u32), output: one('state', u32) },
  getProvisioningState: { input: nothing, output: one('state', u32) },
  getCodeVersions: {
    input: nothing,
    output: record({
      bios: ascii(65),
      versions: fc.array(record({ key: ascii(20), value: ascii(20) }), { maxLength: 50 }),
    }),
  },
  getMacAddresses: { input: nothing, output: record({ dedicated: mac, host: mac }) },
  enumerateHashHandles: { input: nothing, output: one('handles', fc.array(u32, { maxLength: 33 })) },
  getCertHashEntry: {
    input: one('handle', u32),
    output: record({
      isDefault: fc.boolean(),
      isActive: fc.boolean(),
      hash: bytes(64),
      algorithm: u8,
      name: ascii(1000),
    }),
  },
  getPkiFqdnSuffix: { input: nothing, output: one('suffix', ascii(255)) },
  openUserInitiatedConnection: { input: nothing, output: nothing },
  closeUserInitiatedConnection: { input: nothing, output: nothing },
  getRemoteAccessConnectionStatus: {
    input: nothing,
    output: record({ network: u32, remote: u32, trigger: u32, mpsHost: ascii(255) }),
  },
  getLanInterfaceSettings: {
    input: one('adapter', u32),
    output: record({
      enabled: fc.boolean(),
      address: ipv4,
      dhcpEnabled: fc.boolean(),
      dhcpMode: u8,
      link: u8,
      mac,
    }),
  },
  getUuid: { input: nothing, output: one('uuid', uuid) },
  stopConfiguration: { input: nothing, output: nothing },
  getLocalSystemAccount: { input: nothing, output: record({ user: ascii(33), password: ascii(33) }) },
  getControlMode: { input: nothing, output: one('mode', u32) },
  getEhbcState: { input: nothing, output: one('state', u32) },
  startConfigurationHostBased: {
    input: record({
      form: fc.constantFrom('compact', 'wide', 'wideWithSuffixes'),
      hashAlgorithm: u8,
      hash: bytes(64),
      hostVpn: fc.boolean(),
      suffixSize: u32,
      suffixes: bytes(320),
    }).map((value) => (value.form === 'wide' ? { ...value, suffixes: new Uint8Array(320) } : value)),
    output: record({ hashAlgorithm: u8, hash: bytes(64) }),
  },
  getCiraLog: { input: one('version', u8), output: one('log', log) },
}

const names = Object.keys(amthiCommands) as AmthiName[]
const faultCode = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof Fault, `not a fault: ${error}`)
    return error.code
  }
  return 'none'
}

describe('AMTHI messages', () => {
  for (const name of names) {
    it(`${name}: encode then decode is the identity, both directions`, () => {
      fc.assert(
        fc.property(values[name].input, values[name].output, (input, output) => {
          assert.deepEqual(decodeAmthiRequest(encodeAmthiRequest(name, input as never)), { is: 'command', name, input })
          assert.deepEqual(decodeAmthiResponse(name, encodeAmthiResponse(name, output as never)), { status: 0, output })
        }),
        { numRuns: 30 },
      )
    })
  }

  it('GetUUID has the bytes of the specification', () => {
    assert.equal(toHex(encodeAmthiRequest('getUuid', {})), '01010000' + '5c000004' + '00000000')
    const answer = fromHex(
      '01010000 5c008004 14000000 00000000 f56dc8d2 d29d 2c42 9226 88aedd123456'.replaceAll(' ', ''),
    )!
    assert.deepEqual(decodeAmthiResponse('getUuid', answer), {
      status: 0,
      output: { uuid: 'd2c86df5-9dd2-422c-9226-88aedd123456' },
    })
  })

  it('has the lengths clients insist on', () => {
    assert.equal(encodeAmthiRequest('getLocalSystemAccount', {}).length, 52)
    const suffixes = suffixList(['vprodemo.com'])
    const hashed = { hashAlgorithm: 2, hash: new Uint8Array(64), hostVpn: false, suffixSize: 12, suffixes }
    assert.equal(encodeAmthiRequest('startConfigurationHostBased', { form: 'compact', ...hashed }).length, 402)
    assert.equal(encodeAmthiRequest('startConfigurationHostBased', { form: 'wide', ...hashed }).length, 12 + 73)
    assert.equal(encodeAmthiRequest('startConfigurationHostBased', { form: 'wideWithSuffixes', ...hashed }).length, 405)
    assert.equal(encodeAmthiResponse('getLocalSystemAccount', { user: '$$OsAdmin', password: 'p' }).length, 12 + 4 + 68)
    const lan = {
      enabled: true,
      address: '10.0.0.5',
      dhcpEnabled: true,
      dhcpMode: 1,
      link: 1,
      mac: '02:00:00:00:00:01',
    }
    const encoded = encodeAmthiResponse('getLanInterfaceSettings', lan)
    assert.equal(encoded.length, 12 + 4 + 20)
    // first octet of the address in the highest byte of a little-endian word
    assert.equal(toHex(encoded.subarray(20, 24)), '0500000a')
    assert.equal(encodeAmthiResponse('getCodeVersions', { bios: '', versions: [] }).length, 16 + 65 + 4 + 50 * 44)
  })

  it('takes code versions from firmware that sends only the valid entries', () => {
    const versions = [
      { key: 'AMT', value: '16.1.25' },
      { key: 'Sku', value: '16392' },
    ]
    const whole = encodeAmthiResponse('getCodeVersions', { bios: 'B', versions })
    const answer = decodeAmthiResponse('getCodeVersions', whole.subarray(0, 16 + 65 + 4 + 2 * 44))
    assert.equal(codeVersionOf(answer.output?.versions ?? [], 'Sku'), '16392')
    assert.equal(codeVersionOf(answer.output?.versions ?? [], 'Build Number'), undefined)
  })

  it('takes a local system account without its padding, and answers longer than known', () => {
    const account = { user: '$$OsAdmin', password: 'secret' }
    const padded = encodeAmthiResponse('getLocalSystemAccount', account)
    assert.deepEqual(decodeAmthiResponse('getLocalSystemAccount', padded.subarray(0, 16 + 66)), {
      status: 0,
      output: account,
    })
    const longer = new Uint8Array(padded.length + 100)
    longer.set(padded)
    assert.deepEqual(decodeAmthiResponse('getLocalSystemAccount', longer), { status: 0, output: account })
  })

  it('reads a refusal as its status, whatever follows', () => {
    const refusal = encodeAmthiStatus(amthiCommands.unprovision.id, 3)
    assert.deepEqual(decodeAmthiResponse('unprovision', refusal), { status: 3 })
    assert.equal(amthiStatusName(3), 'AMT_STATUS_INVALID_AMT_MODE')
  })

  it('tells a device what kind of request it got', () => {
    const wrong = encodeAmthiRequest('getLocalSystemAccount', {}).slice(0, 40)
    assert.deepEqual(decodeAmthiRequest(wrong), { is: 'wrongLength', id: 0x04000067 })
    const declared = fromHex('010100002900000400000000')!
    assert.deepEqual(decodeAmthiRequest(declared), { is: 'declared', id: 0x04000029, name: 'startConfiguration' })
    const unknown = fromHex('01010000ff00000400000000')!
    assert.deepEqual(decodeAmthiRequest(unknown), { is: 'unknown', id: 0x040000ff })
  })

  it('refuses the answer to another command', () => {
    const other = encodeAmthiResponse('getControlMode', { mode: 1 })
    assert.equal(
      faultCode(() => decodeAmthiResponse('getProvisioningState', other)),
      'WIRE_MALFORMED',
    )
  })

  it('ends hostile bytes in a coded fault or a value, never in another error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...names), fc.boolean(), (noise, name, headed) => {
        const message = headed ? encodeAmthiStatus(amthiCommands[name].id, 0, noise) : noise
        const request = headed ? Uint8Array.from([...encodeAmthiRequest('getUuid', {}), ...noise]) : noise
        for (const run of [() => decodeAmthiResponse(name, message), () => decodeAmthiRequest(request)])
          assert.ok(['none', 'WIRE_MALFORMED', 'WIRE_TOO_LONG'].includes(faultCode(run)))
      }),
    )
  })
})

describe('certificate hashes and suffix lists', () => {
  it('cuts the hash field by its algorithm', () => {
    const field = Uint8Array.from({ length: 64 }, (_, at) => at)
    assert.equal(certificateHash(field, 1).length, 20)
    assert.equal(certificateHash(field, 2).length, 32)
    assert.equal(certificateHash(field, 3).length, 48)
    assert.equal(certificateHash(field, 9).length, 0)
  })

  it('lists suffixes in 320 bytes', () => {
    assert.deepEqual(suffixesOf(suffixList(['a.example', 'b.example'])), ['a.example', 'b.example'])
    assert.throws(() => suffixList(['x'.repeat(320)]), RangeError)
  })
})
