import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { EndpointReference, Selectors } from '../cim.ts'
import { branch, leaf, readXml, type XmlElement } from '../xml/index.ts'
import {
  decodeRequest,
  decodeResponse,
  encodeFault,
  encodeRequest,
  encodeResponse,
  type FaultSubcode,
  SOAP_FAULTS,
  type WsmanRequest,
  type WsmanResult,
} from './index.ts'

const URI = 'http://intel.com/wbem/wscim/1/amt-schema/1/AMT_GeneralSettings'
// Without white space around it: there it says nothing in a selector.
const words = fc.string({ unit: 'grapheme-ascii', minLength: 1 }).map((text) => `x${text}x`)
const name = fc.constantFrom('InstanceID', 'Name', 'ManagedElement', '__proto__', 'constructor')
const record = { noNullPrototype: true }
const own = (entries: readonly (readonly [string, string | EndpointReference])[]): Selectors =>
  Object.fromEntries(entries)
const selectors = (depth: number): fc.Arbitrary<Selectors> =>
  fc
    .uniqueArray(fc.tuple(name, depth === 0 ? words : fc.oneof(words, reference(depth - 1))), {
      selector: (entry) => entry[0],
      maxLength: 3,
    })
    .map(own)
const reference = (depth: number): fc.Arbitrary<EndpointReference> =>
  fc.record({ resourceUri: fc.oneof(words, fc.constant('')), selectors: selectors(depth) }, record)
const element: fc.Arbitrary<XmlElement> = fc
  .array(
    fc.tuple(fc.constant(URI), fc.constantFrom('HostName', 'Password'), words).map((all) => leaf(...all)),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((children) => branch(URI, 'AMT_GeneralSettings', children))
const operation = fc.oneof(
  fc.constantFrom<WsmanRequest['operation']>({ type: 'get' }, { type: 'delete' }, { type: 'enumerate' }),
  fc.record({ type: fc.constantFrom('put' as const, 'create' as const), instance: element }, record),
  fc.record(
    { type: fc.constant('pull' as const), context: words, maxElements: fc.integer({ min: 1, max: 999 }) },
    record,
  ),
  fc.record({ type: fc.constant('release' as const), context: words }, record),
  fc.record(
    { type: fc.constant('invoke' as const), method: fc.constantFrom('Setup', 'GetUuid'), input: element },
    record,
  ),
)
const page = fc
  .record({
    items: fc.array(element, { maxLength: 3 }),
    context: fc.option(words, { nil: undefined }),
    end: fc.boolean(),
  })
  .map(({ items, context, end }) => ({
    type: 'pull' as const,
    items,
    ...(context === undefined ? {} : { context }),
    end,
  }))
const result: fc.Arbitrary<WsmanResult> = fc.oneof(
  fc.record({ type: fc.constantFrom('get' as const, 'put' as const), instance: element }, record),
  fc.constantFrom<WsmanResult>({ type: 'put' }, { type: 'delete' }, { type: 'release' }),
  fc.record({ type: fc.constant('create' as const), created: reference(1) }, record),
  fc.record({ type: fc.constant('enumerate' as const), context: words }, record),
  page,
  fc.record(
    {
      type: fc.constant('invoke' as const),
      method: fc.constant('Setup'),
      output: fc.constant(branch(URI, 'Setup_OUTPUT', [leaf(URI, 'ReturnValue', '0')])),
    },
    record,
  ),
)

suite('SOAP', () => {
  test('a request is read again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), selectors(2), operation, (id, picked, asked) => {
        const request = {
          messageId: String(id),
          resourceUri: URI,
          selectors: picked,
          operation: asked as Exclude<typeof asked, { type: 'other' }>,
        }
        assert.deepEqual(decodeRequest(encodeRequest(request)), request)
      }),
    )
  })

  test('an answer is read again', () => {
    fc.assert(
      fc.property(words, words, result, fc.boolean(), (relatesTo, messageId, came, dated) => {
        const response = { relatesTo, messageId, resourceUri: URI, result: came }
        assert.deepEqual(decodeResponse(encodeResponse({ ...response, dated })), response)
      }),
    )
  })

  test('a fault is read again', () => {
    for (const subcode of Object.keys(SOAP_FAULTS) as FaultSubcode[]) {
      for (const code of ['Sender', 'Receiver'] as const) {
        const document = encodeFault({
          relatesTo: '7',
          messageId: 'uuid:1',
          subcode,
          code,
          detail: 'urn:MissingValues',
        })
        assert.deepEqual(decodeResponse(document), {
          relatesTo: '7',
          messageId: 'uuid:1',
          fault: { code, subcode, reason: SOAP_FAULTS[subcode].reason, detail: 'urn:MissingValues' },
        })
      }
    }
  })

  test("a fault has the firmware's prefixes and order", () => {
    assert.equal(
      encodeFault({ relatesTo: '7', messageId: 'uuid:1', subcode: 'DestinationUnreachable' }),
      '<?xml version="1.0" encoding="UTF-8"?><a:Envelope xmlns:g="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd" ' +
        'xmlns:f="http://schemas.xmlsoap.org/ws/2004/08/eventing" xmlns:e="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" ' +
        'xmlns:d="http://schemas.xmlsoap.org/ws/2004/09/transfer" xmlns:c="http://schemas.xmlsoap.org/ws/2004/09/enumeration" ' +
        'xmlns:b="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:a="http://www.w3.org/2003/05/soap-envelope" ' +
        'xmlns:h="http://schemas.xmlsoap.org/ws/2005/02/trust" ' +
        'xmlns:i="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" ' +
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><a:Header>' +
        '<b:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</b:To><b:RelatesTo>7</b:RelatesTo>' +
        '<b:Action a:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/fault</b:Action>' +
        '<b:MessageID>uuid:1</b:MessageID></a:Header><a:Body><a:Fault><a:Code><a:Value>a:Sender</a:Value>' +
        '<a:Subcode><a:Value>b:DestinationUnreachable</a:Value></a:Subcode></a:Code><a:Reason>' +
        '<a:Text xml:lang="en-US">No route can be determined to reach the destination role defined by the WSAddressing To.</a:Text>' +
        '</a:Reason><a:Detail></a:Detail></a:Fault></a:Body></a:Envelope>',
    )
  })

  test('our request has the shape of existing clients', () => {
    const root = readXml(
      encodeRequest({
        messageId: '5',
        resourceUri: URI,
        selectors: { InstanceID: 'a' },
        operation: { type: 'pull', context: 'c' },
      }),
    )
    assert.deepEqual(
      root.children[0]!.children.map((each) => [each.name, each.text]),
      [
        ['Action', 'http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull'],
        ['To', '/wsman'],
        ['ResourceURI', URI],
        ['MessageID', '5'],
        ['ReplyTo', ''],
        ['OperationTimeout', 'PT60S'],
        ['SelectorSet', ''],
      ],
    )
    assert.deepEqual(
      root.children[1]!.children[0]!.children.map((each) => [each.name, each.text]),
      [
        ['EnumerationContext', 'c'],
        ['MaxElements', '999'],
        ['MaxCharacters', '99999'],
      ],
    )
  })

  test('a request of a client with other prefixes is understood', () => {
    const request = decodeRequest(
      `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>
         <Action xmlns="http://schemas.xmlsoap.org/ws/2004/08/addressing"> ${URI}/Setup </Action>
         <w:ResourceURI xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">${URI}</w:ResourceURI>
         <MessageID xmlns="http://schemas.xmlsoap.org/ws/2004/08/addressing">uuid:1</MessageID>
         <w:SelectorSet xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">
           <w:Selector Name="A"> a </w:Selector><w:Selector>nameless</w:Selector><other/></w:SelectorSet>
       </s:Header><s:Body/></s:Envelope>`,
    )
    assert.deepEqual(request, {
      messageId: 'uuid:1',
      resourceUri: URI,
      selectors: { A: 'a' },
      operation: { type: 'invoke', method: 'Setup', input: branch(URI, 'Setup_INPUT', []) },
    })
  })

  test('an action that is none is told as such', () => {
    const document = encodeRequest({ messageId: '5', resourceUri: URI, selectors: {}, operation: { type: 'get' } })
    const other = decodeRequest(document.replace('transfer/Get', 'eventing/Subscribe'))
    assert.deepEqual(other.operation, {
      type: 'other',
      action: 'http://schemas.xmlsoap.org/ws/2004/09/eventing/Subscribe',
    })
  })

  for (const [what, document] of Object.entries({
    'a page of HTML': '<html><body/></html>',
    'an older SOAP': '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>',
    'no body': '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Header/></e:Envelope>',
    'no XML': 'hello',
  })) {
    test(`refuses ${what}`, () => {
      assert.throws(() => decodeRequest(document), { code: 'WSMAN_MALFORMED' })
      assert.throws(() => decodeResponse(document), { code: 'WSMAN_MALFORMED' })
    })
  }

  test('a Put without its instance is refused', () => {
    const document = encodeRequest({ messageId: '5', resourceUri: URI, selectors: {}, operation: { type: 'get' } })
    assert.throws(() => decodeRequest(document.replace('transfer/Get', 'transfer/Put')), { code: 'WSMAN_MALFORMED' })
  })

  test('a fault that says little is still a fault', () => {
    const reply = decodeResponse(
      '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault/></e:Body></e:Envelope>',
    )
    assert.deepEqual(reply, { relatesTo: '', messageId: '', fault: { code: 'Sender', subcode: '', reason: '' } })
  })
})
