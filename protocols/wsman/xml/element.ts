/** One element of a document: what WS-MAN needs of XML, no more. Mixed content is not kept in order. */
export interface XmlElement {
  /** Namespace URI; `''` where it is in none. */
  readonly namespace: string
  /** Local name. */
  readonly name: string
  readonly attributes: readonly XmlAttribute[]
  readonly children: readonly XmlElement[]
  /** Character data directly inside. `''` where there are children with only white space between them. */
  readonly text: string
}

export interface XmlAttribute {
  readonly namespace: string
  readonly name: string
  readonly value: string
}

const NONE: readonly never[] = []

/** An element that holds text. */
export const leaf = (
  namespace: string,
  name: string,
  text: string,
  attributes: readonly XmlAttribute[] = NONE,
): XmlElement => ({ namespace, name, attributes, children: NONE, text })

/** An element that holds elements. */
export const branch = (
  namespace: string,
  name: string,
  children: readonly XmlElement[],
  attributes: readonly XmlAttribute[] = NONE,
): XmlElement => ({ namespace, name, attributes, children, text: '' })

/** The first child with this name; `undefined` where there is none. */
export const child = (parent: XmlElement, namespace: string, name: string): XmlElement | undefined => {
  for (const element of parent.children) if (element.name === name && element.namespace === namespace) return element
  return undefined
}

/** Text of the first child with this name, without the white space around it. */
export const childText = (parent: XmlElement, namespace: string, name: string): string | undefined =>
  child(parent, namespace, name)?.text.trim()
