import type { Selectors } from '../cim.ts'
import { wsmanFaults } from '../faults.ts'
import { branch, child, childText, leaf, readXml, writeXml, type XmlElement } from '../xml/index.ts'
import { printSelectors, readSelectors } from './endpoint-reference.ts'
import { ADDRESSING, ANONYMOUS, ENUMERATION, SOAP, WSMAN, XSD, XSI } from './namespaces.ts'
import { actionOf, PULL_CHARACTERS, PULL_ELEMENTS, plainOperation, type WsmanOperation } from './operation.ts'

/** One request, whichever side looks at it. */
export interface WsmanRequest {
  /** A plain number with us; whatever the client chose with others. Echoed as `RelatesTo`. */
  readonly messageId: string
  readonly resourceUri: string
  readonly selectors: Selectors
  readonly operation: WsmanOperation
}

const DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'

/** The envelope of a request, as existing clients write it (reference/amt-firmware.md 6.1). */
export const encodeRequest = (request: Omit<WsmanRequest, 'operation'> & { operation: Encodable }): string => {
  const { operation, resourceUri, selectors } = request
  const header = [
    leaf(ADDRESSING, 'Action', actionOf(operation, resourceUri)),
    leaf(ADDRESSING, 'To', '/wsman'),
    leaf(WSMAN, 'ResourceURI', resourceUri),
    leaf(ADDRESSING, 'MessageID', request.messageId),
    branch(ADDRESSING, 'ReplyTo', [leaf(ADDRESSING, 'Address', ANONYMOUS)]),
    leaf(WSMAN, 'OperationTimeout', 'PT60S'),
  ]
  if (hasOwn(selectors)) header.push(printSelectors(selectors))
  const envelope = branch(SOAP, 'Envelope', [branch(SOAP, 'Header', header), branch(SOAP, 'Body', body(operation))])
  return writeXml(
    envelope,
    [
      ['xsi', XSI],
      ['xsd', XSD],
      ['a', ADDRESSING],
      ['w', WSMAN],
      ['', SOAP],
      ['h', 'context' in operation || operation.type === 'enumerate' ? ENUMERATION : resourceUri],
    ],
    DECLARATION,
  )
}

type Encodable = Exclude<WsmanOperation, { type: 'other' }>

const hasOwn = (record: object): boolean => {
  for (const _ in record) return true
  return false
}

const body = (operation: Encodable): readonly XmlElement[] => {
  switch (operation.type) {
    case 'get':
    case 'delete':
      return []
    case 'put':
    case 'create':
      return [operation.instance]
    case 'invoke':
      return [operation.input]
    case 'enumerate':
      return [leaf(ENUMERATION, 'Enumerate', '')]
    case 'pull':
      return [
        branch(ENUMERATION, 'Pull', [
          leaf(ENUMERATION, 'EnumerationContext', operation.context),
          leaf(ENUMERATION, 'MaxElements', String(operation.maxElements ?? PULL_ELEMENTS)),
          leaf(ENUMERATION, 'MaxCharacters', String(PULL_CHARACTERS)),
        ]),
      ]
    case 'release':
      return [branch(ENUMERATION, 'Release', [leaf(ENUMERATION, 'EnumerationContext', operation.context)])]
  }
}

/** The request in an envelope of any client. Throws `WSMAN_MALFORMED` where it is none. */
export const decodeRequest = (document: string): WsmanRequest => {
  const { header, content } = openEnvelope(document)
  const resourceUri = childText(header, WSMAN, 'ResourceURI') ?? ''
  return {
    messageId: childText(header, ADDRESSING, 'MessageID') ?? '',
    resourceUri,
    selectors: readSelectors(child(header, WSMAN, 'SelectorSet')),
    operation: operationOf(childText(header, ADDRESSING, 'Action') ?? '', resourceUri, content),
  }
}

const operationOf = (action: string, resourceUri: string, content: XmlElement | undefined): WsmanOperation => {
  const type = plainOperation(action)
  switch (type) {
    case undefined: {
      // `<class URI>/<Method>`, the body being `<Method>_INPUT` or, without parameters, nothing at all.
      if (resourceUri === '' || !action.startsWith(`${resourceUri}/`)) return { type: 'other', action }
      const method = action.slice(resourceUri.length + 1)
      return { type: 'invoke', method, input: content ?? branch(resourceUri, `${method}_INPUT`, []) }
    }
    case 'get':
    case 'delete':
    case 'enumerate':
      return { type }
    case 'put':
    case 'create':
      if (content === undefined) throw malformed('a request without its instance')
      return { type, instance: content }
    case 'pull':
    case 'release': {
      const context = (content && childText(content, ENUMERATION, 'EnumerationContext')) ?? ''
      const elements = content && Number(childText(content, ENUMERATION, 'MaxElements'))
      return type === 'pull' && elements !== undefined && Number.isSafeInteger(elements) && elements > 0
        ? { type, context, maxElements: elements }
        : { type, context }
    }
  }
}

const malformed = (reason: string) => wsmanFaults.WSMAN_MALFORMED({ reason })

/** Header and first body element of an envelope. Throws `WSMAN_MALFORMED` where it is none. */
export const openEnvelope = (document: string): { header: XmlElement; content: XmlElement | undefined } => {
  const envelope = readXml(document)
  if (envelope.name !== 'Envelope' || envelope.namespace !== SOAP) throw malformed('no SOAP envelope')
  const content = child(envelope, SOAP, 'Body')
  if (content === undefined) throw malformed('an envelope without a body')
  return { header: child(envelope, SOAP, 'Header') ?? branch(SOAP, 'Header', []), content: content.children[0] }
}
