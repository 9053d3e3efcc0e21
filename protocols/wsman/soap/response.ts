import type { EndpointReference } from '../cim.ts'
import { branch, child, childText, leaf, writeXml, type XmlElement, type XmlPrefixes } from '../xml/index.ts'
import { printReference, readReference } from './endpoint-reference.ts'
import { readFault, type SoapFault } from './fault.ts'
import {
  ADDRESSING,
  ANONYMOUS,
  CIM_BINDING,
  CIM_COMMON,
  ENUMERATION,
  SOAP,
  TRANSFER,
  TRUST,
  WSMAN,
  WSSE,
  XSI,
} from './namespaces.ts'
import { actionOf, type PlainOperation, plainOperation } from './operation.ts'
import { openEnvelope } from './request.ts'

/** What an operation came to (reference/amt-firmware.md 6.2). */
export type WsmanResult =
  | { readonly type: 'get'; readonly instance: XmlElement }
  /** Some firmware answers a Put with an empty body. */
  | { readonly type: 'put'; readonly instance?: XmlElement }
  | { readonly type: 'create'; readonly created: EndpointReference }
  | { readonly type: 'delete' }
  | { readonly type: 'enumerate'; readonly context: string }
  /** With `context` there may be more; `end` says there is not. Some firmware says neither, or both. */
  | { readonly type: 'pull'; readonly items: readonly XmlElement[]; readonly context?: string; readonly end: boolean }
  | { readonly type: 'release' }
  | { readonly type: 'invoke'; readonly method: string; readonly output: XmlElement }

export interface WsmanResponse {
  readonly relatesTo: string
  readonly messageId: string
  readonly resourceUri: string
  readonly result: WsmanResult
  /**
   * Whether the class has a date or an interval among its properties, inherited ones too: firmware then declares
   * their namespace, used or not. Only for encoding.
   */
  readonly dated?: boolean
}

/** The envelope of an answer, in the firmware's prefixes and order, on one line. */
export const encodeResponse = (response: WsmanResponse): string => {
  const { result, resourceUri } = response
  const header = [
    leaf(ADDRESSING, 'To', ANONYMOUS),
    leaf(ADDRESSING, 'RelatesTo', response.relatesTo),
    leaf(ADDRESSING, 'Action', `${actionOf(result, resourceUri)}Response`, MUST_UNDERSTAND),
    leaf(ADDRESSING, 'MessageID', response.messageId),
    leaf(WSMAN, 'ResourceURI', resourceUri),
  ]
  const envelope = branch(SOAP, 'Envelope', [branch(SOAP, 'Header', header), branch(SOAP, 'Body', body(result))])
  return writeXml(envelope, prefixes(response))
}

const MUST_UNDERSTAND = [{ namespace: SOAP, name: 'mustUnderstand', value: 'true' }]

const body = (result: WsmanResult): readonly XmlElement[] => {
  switch (result.type) {
    case 'get':
      return [result.instance]
    case 'put':
      return result.instance === undefined ? [] : [result.instance]
    case 'invoke':
      return [result.output]
    case 'create':
      return [branch(TRANSFER, 'ResourceCreated', printReference(result.created))]
    case 'delete':
      return []
    case 'enumerate':
      return [branch(ENUMERATION, 'EnumerateResponse', [leaf(ENUMERATION, 'EnumerationContext', result.context)])]
    case 'pull': {
      const children = [branch(ENUMERATION, 'Items', result.items)]
      if (result.context !== undefined) children.unshift(leaf(ENUMERATION, 'EnumerationContext', result.context))
      if (result.end) children.push(leaf(ENUMERATION, 'EndOfSequence', ''))
      return [branch(ENUMERATION, 'PullResponse', children)]
    }
    case 'release':
      return [leaf(ENUMERATION, 'ReleaseResponse', '')]
  }
}

const FIXED: XmlPrefixes = [
  ['a', SOAP],
  ['b', ADDRESSING],
  ['c', WSMAN],
  ['d', TRUST],
  ['e', WSSE],
  ['f', CIM_BINDING],
]

const prefixes = ({ result, resourceUri, dated }: WsmanResponse): XmlPrefixes => {
  const more = new Set<string>()
  switch (result.type) {
    case 'get':
      more.add(result.instance.namespace)
      break
    case 'put':
      more.add(result.instance?.namespace ?? resourceUri)
      break
    case 'invoke':
      more.add(result.output.namespace)
      break
    case 'create':
      more.add(TRANSFER)
      break
    case 'delete':
      break
    case 'enumerate':
    case 'release':
      more.add(ENUMERATION)
      break
    case 'pull':
      more.add(ENUMERATION)
      for (const item of result.items) more.add(item.namespace)
      if (result.items.length === 0) more.add(resourceUri)
  }
  if (dated) more.add(CIM_COMMON)
  // A letter each, from g on; a page of more than fourteen classes at once does not occur.
  const lettered = Array.from(more, (namespace, i) => [String.fromCharCode(103 + i), namespace] as const)
  return [...FIXED, ...lettered.slice(0, 14), ['xsi', XSI]]
}

export type WsmanReply = WsmanResponse | WsmanFaultReply

export interface WsmanFaultReply {
  readonly relatesTo: string
  readonly messageId: string
  readonly fault: SoapFault
}

/**
 * The answer in an envelope. What it is follows from its body, since real firmware forgets the end of some actions,
 * and from the action only where the body is empty.
 *
 * Throws `WSMAN_MALFORMED` where it is no answer.
 */
export const decodeResponse = (document: string): WsmanReply => {
  const { header, content } = openEnvelope(document)
  const relatesTo = childText(header, ADDRESSING, 'RelatesTo') ?? ''
  const messageId = childText(header, ADDRESSING, 'MessageID') ?? ''
  if (content?.name === 'Fault' && content.namespace === SOAP)
    return { relatesTo, messageId, fault: readFault(content) }
  const action = childText(header, ADDRESSING, 'Action') ?? ''
  const resourceUri = childText(header, WSMAN, 'ResourceURI') ?? ''
  return { relatesTo, messageId, resourceUri, result: resultOf(action, content) }
}

const resultOf = (action: string, content: XmlElement | undefined): WsmanResult => {
  const named = plainOperation(action.endsWith('Response') ? action.slice(0, -8) : action)
  if (content === undefined) return empty(named, action)
  if (content.namespace === ENUMERATION) {
    if (content.name === 'EnumerateResponse')
      return { type: 'enumerate', context: childText(content, ENUMERATION, 'EnumerationContext') ?? '' }
    if (content.name === 'PullResponse') return page(content)
    if (content.name === 'ReleaseResponse') return { type: 'release' }
  }
  if (content.namespace === TRANSFER && content.name === 'ResourceCreated')
    return { type: 'create', created: readReference(content) ?? { resourceUri: '', selectors: {} } }
  if (named === undefined && content.name.endsWith('_OUTPUT'))
    return { type: 'invoke', method: content.name.slice(0, -7), output: content }
  return { type: named === 'put' ? 'put' : 'get', instance: content }
}

const empty = (named: PlainOperation | undefined, action: string): WsmanResult => {
  if (named === 'put' || named === 'delete' || named === 'release') return { type: named }
  // A method without any output, not even a return value.
  const method = action.slice(action.lastIndexOf('/') + 1).replace(/Response$/, '')
  return { type: 'invoke', method, output: branch('', `${method}_OUTPUT`, []) }
}

const page = (content: XmlElement): WsmanResult => {
  const context = childText(content, ENUMERATION, 'EnumerationContext')
  return {
    type: 'pull',
    items: child(content, ENUMERATION, 'Items')?.children ?? [],
    ...(context ? { context } : {}),
    end: child(content, ENUMERATION, 'EndOfSequence') !== undefined,
  }
}
