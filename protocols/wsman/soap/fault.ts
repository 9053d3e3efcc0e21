import {
  branch,
  child,
  childText,
  leaf,
  writeXml,
  XML_NAMESPACE,
  type XmlElement,
  type XmlPrefixes,
} from '../xml/index.ts'
import {
  ADDRESSING,
  ANONYMOUS,
  CIM_BINDING,
  ENUMERATION,
  EVENTING,
  SOAP,
  TRANSFER,
  TRUST,
  WSMAN,
  WSSE,
  XSI,
} from './namespaces.ts'

/** A SOAP fault (reference/amt-firmware.md 6.5). */
export interface SoapFault {
  readonly code: 'Sender' | 'Receiver'
  /** Without its prefix, e.g. `DestinationUnreachable`. */
  readonly subcode: string
  readonly reason: string
  /** Text of `Detail`, as far as there is any. */
  readonly detail?: string
}

/** Faults firmware answers with: where their subcode lives, and what it says. */
export const SOAP_FAULTS = {
  DestinationUnreachable: {
    namespace: ADDRESSING,
    action: `${ADDRESSING}/fault`,
    reason: 'No route can be determined to reach the destination role defined by the WSAddressing To.',
  },
  ActionNotSupported: {
    namespace: ADDRESSING,
    action: `${ADDRESSING}/fault`,
    reason: 'The action is not supported by the service.',
  },
  InvalidSelectors: {
    namespace: WSMAN,
    action: 'http://schemas.dmtf.org/wbem/wsman/1/wsman/fault',
    reason: 'The Selectors for the resource are not valid.',
  },
  AccessDenied: {
    namespace: WSMAN,
    action: 'http://schemas.dmtf.org/wbem/wsman/1/wsman/fault',
    reason: 'The sender was not authorized to access the resource.',
  },
  AlreadyExists: {
    namespace: WSMAN,
    action: 'http://schemas.dmtf.org/wbem/wsman/1/wsman/fault',
    reason: 'The sender attempted to create a resource which already exists.',
  },
  InvalidRepresentation: {
    namespace: TRANSFER,
    action: `${TRANSFER}/fault`,
    reason: 'The XML content is not valid.',
  },
  QuotaLimit: {
    namespace: WSMAN,
    action: 'http://schemas.dmtf.org/wbem/wsman/1/wsman/fault',
    reason: 'The service is busy servicing other requests.',
  },
  InternalError: {
    namespace: WSMAN,
    action: 'http://schemas.dmtf.org/wbem/wsman/1/wsman/fault',
    reason: 'The service cannot comply with the request due to internal processing errors.',
  },
  InvalidEnumerationContext: {
    namespace: ENUMERATION,
    action: `${ENUMERATION}/fault`,
    reason: 'The supplied enumeration context is invalid.',
  },
} as const

export type FaultSubcode = keyof typeof SOAP_FAULTS

const PREFIXES: XmlPrefixes = [
  ['g', CIM_BINDING],
  ['f', EVENTING],
  ['e', WSMAN],
  ['d', TRANSFER],
  ['c', ENUMERATION],
  ['b', ADDRESSING],
  ['a', SOAP],
  ['h', TRUST],
  ['i', WSSE],
  ['xsi', XSI],
]

const prefixOf = (namespace: string): string => PREFIXES.find((entry) => entry[1] === namespace)![0]

/** The envelope of a fault as firmware writes it. `detail` is the URI of a `FaultDetail`. */
export const encodeFault = (fault: {
  relatesTo: string
  messageId: string
  subcode: FaultSubcode
  code?: 'Sender' | 'Receiver'
  detail?: string
}): string => {
  const entry = SOAP_FAULTS[fault.subcode]
  const header = branch(SOAP, 'Header', [
    leaf(ADDRESSING, 'To', ANONYMOUS),
    leaf(ADDRESSING, 'RelatesTo', fault.relatesTo),
    leaf(ADDRESSING, 'Action', entry.action, [{ namespace: SOAP, name: 'mustUnderstand', value: 'true' }]),
    leaf(ADDRESSING, 'MessageID', fault.messageId),
  ])
  const content = branch(SOAP, 'Fault', [
    branch(SOAP, 'Code', [
      leaf(SOAP, 'Value', `a:${fault.code ?? 'Sender'}`),
      branch(SOAP, 'Subcode', [leaf(SOAP, 'Value', `${prefixOf(entry.namespace)}:${fault.subcode}`)]),
    ]),
    branch(SOAP, 'Reason', [
      leaf(SOAP, 'Text', entry.reason, [{ namespace: XML_NAMESPACE, name: 'lang', value: 'en-US' }]),
    ]),
    branch(SOAP, 'Detail', fault.detail === undefined ? [] : [leaf(WSMAN, 'FaultDetail', fault.detail)]),
  ])
  return writeXml(branch(SOAP, 'Envelope', [header, branch(SOAP, 'Body', [content])]), PREFIXES)
}

/** The fault in a `Fault` element; what it leaves out is empty. */
export const readFault = (element: XmlElement): SoapFault => {
  const code = child(element, SOAP, 'Code')
  const subcode = code && child(code, SOAP, 'Subcode')
  const reason = child(element, SOAP, 'Reason')
  const detail = child(element, SOAP, 'Detail')
  const words = detail === undefined ? '' : textWithin(detail).trim()
  return {
    code: withoutPrefix((code && childText(code, SOAP, 'Value')) ?? '') === 'Receiver' ? 'Receiver' : 'Sender',
    subcode: withoutPrefix((subcode && childText(subcode, SOAP, 'Value')) ?? ''),
    reason: (reason && childText(reason, SOAP, 'Text')) ?? '',
    ...(words === '' ? {} : { detail: words }),
  }
}

const withoutPrefix = (name: string): string => name.slice(name.indexOf(':') + 1)

const textWithin = (element: XmlElement): string =>
  element.children.reduce((text, inner) => `${text} ${textWithin(inner)}`, element.text)
