import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { AMT_BootSettingData, AMT_RemoteAccessService, IPS_HostBasedSetupService } from '../amt/index.ts'
import { secret, utf8 } from '../values/index.ts'
import * as cim from './cim.ts'
import {
  printInput,
  printInstance,
  printOutput,
  printValues,
  readInput,
  readInstance,
  readOutput,
  readValues,
} from './cim-values.ts'
import { branch, leaf, readXml, writeXml } from './xml/index.ts'

const fields = {
  Text: cim.text,
  Secret: cim.secretText,
  Integer: cim.integer,
  Flag: cim.flag,
  Binary: cim.binary,
  When: cim.datetime,
  Every: cim.interval,
  Where: cim.reference,
  Numbers: cim.list(cim.integer),
  Texts: cim.list(cim.text),
  Wheres: cim.list(cim.reference),
  Inner: cim.embedded('urn:inner', { A: cim.text, B: cim.list(cim.flag) }),
}
const reference = fc.record(
  { resourceUri: fc.constant('urn:class'), selectors: fc.constantFrom<cim.Selectors>({}, { Name: '1', Other: 'x' }) },
  { noNullPrototype: true },
)
const filled = <T>(each: fc.Arbitrary<T>) => fc.array(each, { minLength: 1, maxLength: 3 })
const printable = fc.string({ unit: 'grapheme' })
const values = fc.record(
  {
    Text: printable,
    Integer: fc.maxSafeInteger(),
    Flag: fc.boolean(),
    Binary: fc.uint8Array(),
    When: fc.constant('2024-01-03T00:44:35Z'),
    Every: fc.constant('P0DT1H30M'),
    Where: reference,
    Numbers: filled(fc.maxSafeInteger()),
    Texts: filled(printable),
    Wheres: filled(reference),
    Inner: fc.record({ A: printable, B: filled(fc.boolean()) }, { requiredKeys: [], noNullPrototype: true }),
  },
  { requiredKeys: [], noNullPrototype: true },
)

suite('CIM values', () => {
  test('values are read again from the document they are written into', () => {
    fc.assert(
      fc.property(values, (given) => {
        const document = writeXml(branch('urn:c', 'C', printValues(fields, 'urn:c', given)), [['h', 'urn:c']])
        assert.deepEqual(readValues(fields, readXml(document)), given)
      }),
    )
  })

  test('text stays text, however it looks', () => {
    for (const looks of ['007', '1e3', 'true', ' x ', '', '12E4567']) {
      const read = readValues({ T: cim.text }, branch('', 'C', [leaf('', 'T', looks)]))
      assert.equal(read.T, looks)
    }
  })

  test('a secret is written and read, and seen by nobody else', () => {
    const [printed] = printValues({ S: cim.secretText }, 'urn:c', { S: secret('P@ss') })
    assert.equal(printed?.text, 'P@ss')
    const read = readValues({ S: cim.secretText }, branch('urn:c', 'C', [printed!]))
    assert.equal(JSON.stringify(read), '{"S":"[secret]"}')
    assert.equal((read.S as { reveal(): string }).reveal(), 'P@ss')
  })

  test('what is empty or nil counts as absent, but not a text', () => {
    const nil = [{ namespace: 'http://www.w3.org/2001/XMLSchema-instance', name: 'nil', value: 'true' }]
    const element = branch('', 'C', [
      leaf('', 'Integer', ' '),
      leaf('', 'Flag', ''),
      leaf('', 'Numbers', ''),
      leaf('', 'When', ''),
      leaf('', 'Where', ''),
      leaf('', 'Text', '', nil),
    ])
    assert.deepEqual(readValues(fields, element), {})
    assert.deepEqual(readValues(fields, branch('', 'C', [leaf('', 'Text', '')])), { Text: '' })
  })

  for (const [field, text] of [
    ['Integer', 'x'],
    ['Integer', '1.5'],
    ['Integer', '0x10'],
    ['Integer', '9007199254740993'],
    ['Flag', 'yes'],
    ['Binary', 'test?'],
    ['Numbers', 'x'],
  ] as const) {
    test(`${field} refuses ${text}`, () => {
      const element = branch('', 'C', [leaf('', field, text)])
      assert.throws(() => readValues(fields, element), { code: 'WSMAN_MALFORMED' })
    })
  }

  test('a Put writes back what its class does not declare', () => {
    const newer = leaf(AMT_BootSettingData.uri, 'NewerThanUs', '1', [])
    const nested = branch('urn:other', 'Nested', [leaf('urn:other', 'X', 'y')])
    const read = readInstance(
      AMT_BootSettingData,
      branch(AMT_BootSettingData.uri, 'AMT_BootSettingData', [newer, leaf('', 'UseSOL', 'true'), nested]),
    )
    const changed = { ...read, UseSOL: false }
    assert.deepEqual(printInstance(AMT_BootSettingData, changed).children, [
      leaf(AMT_BootSettingData.uri, 'UseSOL', 'false'),
      newer,
      nested,
    ])
    assert.deepEqual(Object.keys(changed), ['UseSOL'])
  })

  test('names from a prototype are not properties', () => {
    const element = branch('', 'C', [leaf('', '__proto__', 'x'), leaf('', 'constructor', 'x')])
    const read = readValues(fields, element)
    assert.deepEqual(Object.keys(read), [])
    assert.equal(Object.getPrototypeOf(read), Object.prototype)
    assert.equal((read as { [cim.undeclared]?: unknown[] })[cim.undeclared]?.length, 2)
  })

  test('input and output are in the order of their declaration, the return value last', () => {
    const input = printInput(AMT_RemoteAccessService, 'AddRemoteAccessPolicyRule', {
      ExtendedData: utf8('x'),
      TunnelLifeTime: 0,
      Trigger: 2,
    })
    assert.deepEqual(
      [input.name, ...input.children.map((each) => each.name)],
      ['AddRemoteAccessPolicyRule_INPUT', 'Trigger', 'TunnelLifeTime', 'ExtendedData'],
    )
    assert.deepEqual(readInput(AMT_RemoteAccessService, 'AddRemoteAccessPolicyRule', input), {
      Trigger: 2,
      TunnelLifeTime: 0,
      ExtendedData: utf8('x'),
    })
    const output = printOutput(AMT_RemoteAccessService, 'AddMpServer', {
      ReturnValue: 0,
      MpServer: { resourceUri: 'urn:c', selectors: { Name: '0' } },
    })
    assert.deepEqual(
      output.children.map((each) => each.name),
      ['MpServer', 'ReturnValue'],
    )
    assert.deepEqual(readOutput(AMT_RemoteAccessService, 'AddMpServer', output), {
      MpServer: { resourceUri: 'urn:c', selectors: { Name: '0' } },
      ReturnValue: 0,
    })
  })

  test('an output without a return value succeeded', () => {
    const output = branch(IPS_HostBasedSetupService.uri, 'Setup_OUTPUT', [])
    assert.deepEqual(readOutput(IPS_HostBasedSetupService, 'Setup', output), { ReturnValue: 0 })
  })
})
