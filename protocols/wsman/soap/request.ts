import type { Selectors } from '../cim.ts'
import { wsmanFaults } from '../faults.ts'
import {
  branch,
  child,
  childText,
  leaf,
  place,
  readXml,
  writeXml,
  type XmlElement,
  XmlForm,
  type XmlPrefixes,
} from '../xml/index.ts'
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
export const encodeRequest = (request: EncodableRequest): string =>
  writeXml(envelope(request), prefixes(request), DECLARATION)

/** A request a client can make. */
export type EncodableRequest = Omit<WsmanRequest, 'operation'> & { readonly operation: EncodableOperation }
export type EncodableOperation = Exclude<WsmanOperation, { type: 'other' }>

/**
 * Encodes requests as `encodeRequest` does. What a client sends over and over (to read a class, or a page of it) is
 * written once per class; one of these serves any number of devices.
 */
export class RequestForms {
  readonly #forms = new Map<string, Partial<Record<'get' | 'enumerate' | 'pull', XmlForm>>>()

  encode(request: EncodableRequest): string {
    const { operation, messageId, selectors } = request
    if (hasOwn(selectors)) return encodeRequest(request)
    switch (operation.type) {
      case 'get':
      case 'enumerate':
        return this.#form(request, operation.type).fill(messageId)
      case 'pull':
        if (operation.maxElements !== undefined) return encodeRequest(request)
        return this.#form(request, operation.type).fill(messageId, operation.context)
      default:
        return encodeRequest(request)
    }
  }

  #form(request: EncodableRequest, type: 'get' | 'enumerate' | 'pull'): XmlForm {
    let forms = this.#forms.get(request.resourceUri)
    if (forms === undefined) {
      forms = {}
      this.#forms.set(request.resourceUri, forms)
    }
    forms[type] ??= new XmlForm(
      envelope(request, place(ADDRESSING, 'MessageID'), place(ENUMERATION, 'EnumerationContext')),
      prefixes(request),
      DECLARATION,
    )
    return forms[type]
  }
}

const envelope = (
  { operation, resourceUri, selectors, messageId }: EncodableRequest,
  id = leaf(ADDRESSING, 'MessageID', messageId),
  context?: XmlElement,
): XmlElement => {
  const header = [
    leaf(ADDRESSING, 'Action', actionOf(operation, resourceUri)),
    leaf(ADDRESSING, 'To', '/wsman'),
    leaf(WSMAN, 'ResourceURI', resourceUri),
    id,
    branch(ADDRESSING, 'ReplyTo', [leaf(ADDRESSING, 'Address', ANONYMOUS)]),
    leaf(WSMAN, 'OperationTimeout', 'PT60S'),
  ]
  if (hasOwn(selectors)) header.push(printSelectors(selectors))
  return branch(SOAP, 'Envelope', [branch(SOAP, 'Header', header), branch(SOAP, 'Body', body(operation, context))])
}

const prefixes = ({ operation, resourceUri }: EncodableRequest): XmlPrefixes => [
  ['xsi', XSI],
  ['xsd', XSD],
  ['a', ADDRESSING],
  ['w', WSMAN],
  ['', SOAP],
  ['h', 'context' in operation || operation.type === 'enumerate' ? ENUMERATION : resourceUri],
]

const hasOwn = (record: object): boolean => {
  for (const _ in record) return true
  return false
}

const body = (operation: EncodableOperation, context?: XmlElement): readonly XmlElement[] => {
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
          context ?? leaf(ENUMERATION, 'EnumerationContext', operation.context),
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
