import { wsmanFaults } from '../faults.ts'
import { FORBIDDEN, XML_NAMESPACE } from './characters.ts'
import type { XmlAttribute, XmlElement } from './element.ts'

/** What a document may cost at most. */
export interface XmlBounds {
  /** UTF-16 units of the whole document. */
  readonly length: number
  readonly depth: number
  readonly elements: number
  readonly attributesPerElement: number
}

export const XML_BOUNDS: XmlBounds = { length: 1 << 20, depth: 32, elements: 50_000, attributesPerElement: 32 }

const NO_ATTRIBUTES: readonly XmlAttribute[] = []
const NO_CHILDREN: readonly XmlElement[] = []

const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
const EXCLAMATION = 33
const DOUBLE_QUOTE = 34
const SINGLE_QUOTE = 39
const SLASH = 47
const LESS = 60
const EQUALS = 61
const GREATER = 62
const QUESTION = 63

const malformed = (reason: string): never => {
  throw wsmanFaults.WSMAN_MALFORMED({ reason })
}

/**
 * The root element of an XML 1.0 document with namespaces. Document types and entities other than the five
 * predefined and numeric ones are refused, so nothing is ever expanded or fetched.
 *
 * Throws `WSMAN_MALFORMED` for whatever is not well formed or is beyond `bounds`.
 */
export const readXml = (document: string, bounds: XmlBounds = XML_BOUNDS): XmlElement => {
  if (document.length > bounds.length) malformed(`XML of more than ${bounds.length} characters`)
  if (FORBIDDEN.test(document) || !document.isWellFormed()) malformed('a character that XML does not allow')
  return new Scanner(document, bounds).document()
}

/** A namespace declaration in force: the nearest one of a prefix wins. */
interface Binding {
  readonly prefix: string
  readonly uri: string
  readonly outer: Binding | undefined
}

/** An attribute as written, before its prefix can be resolved. */
interface RawAttribute {
  readonly qualified: string
  readonly value: string
}

class Scanner {
  readonly #text: string
  readonly #bounds: XmlBounds
  #at = 0
  #elements = 0

  constructor(text: string, bounds: XmlBounds) {
    this.#text = text
    this.#bounds = bounds
  }

  document(): XmlElement {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1
    this.#skipMiscellany()
    if (this.#text.charCodeAt(this.#at) !== LESS) malformed('no XML element')
    const root = this.#element(undefined, 1)
    this.#skipMiscellany()
    if (this.#at < this.#text.length) malformed('something follows the root element')
    return root
  }

  /** White space, comments and processing instructions. */
  #skipMiscellany(): void {
    const text = this.#text
    for (;;) {
      this.#skipSpace()
      if (text.charCodeAt(this.#at) !== LESS) return
      const next = text.charCodeAt(this.#at + 1)
      if (next === QUESTION) this.#at = this.#behind('?>', this.#at + 2)
      else if (next === EXCLAMATION) this.#comment()
      else return
    }
  }

  #comment(): void {
    if (!this.#text.startsWith('<!--', this.#at)) malformed('a document type or other declaration')
    this.#at = this.#behind('-->', this.#at + 4)
  }

  #behind(mark: string, from: number): number {
    const found = this.#text.indexOf(mark, from)
    return found < 0 ? malformed('it ends too early') : found + mark.length
  }

  #skipSpace(): void {
    const text = this.#text
    let at = this.#at
    while (isSpace(text.charCodeAt(at))) at++
    this.#at = at
  }

  #name(): string {
    const text = this.#text
    const from = this.#at
    let at = from
    for (;;) {
      const code = text.charCodeAt(at)
      // At the end of the text the code is NaN, for which no comparison holds: hence the negated one.
      if (!(code > SPACE) || code === GREATER || code === SLASH || code === EQUALS) break
      if (code === LESS || code === DOUBLE_QUOTE || code === SINGLE_QUOTE || code === 38) malformed('a broken name')
      at++
    }
    if (at === from || !isNameStart(text.charCodeAt(from))) malformed('a broken name')
    this.#at = at
    return text.slice(from, at)
  }

  /** The element whose `<` is here. */
  #element(outer: Binding | undefined, depth: number): XmlElement {
    if (depth > this.#bounds.depth) malformed(`more than ${this.#bounds.depth} elements inside each other`)
    if (++this.#elements > this.#bounds.elements) malformed(`more than ${this.#bounds.elements} elements`)
    const text = this.#text
    this.#at++
    const qualified = this.#name()
    let bindings = outer
    let raw: RawAttribute[] | undefined
    let empty = false
    let count = 0
    for (;;) {
      const before = this.#at
      this.#skipSpace()
      const code = text.charCodeAt(this.#at)
      if (code === GREATER) {
        this.#at++
        break
      }
      if (code === SLASH) {
        if (text.charCodeAt(this.#at + 1) !== GREATER) malformed('a broken tag')
        this.#at += 2
        empty = true
        break
      }
      if (this.#at === before) malformed('a broken tag')
      if (++count > this.#bounds.attributesPerElement) malformed('too many attributes')
      const name = this.#name()
      const value = this.#attributeValue()
      if (name === 'xmlns') bindings = bind('', value, bindings, outer)
      else if (name.startsWith('xmlns:')) bindings = bind(name.slice(6), value, bindings, outer)
      else {
        raw ??= []
        raw.push({ qualified: name, value })
      }
    }
    const colon = qualified.indexOf(':')
    const namespace =
      colon < 0 ? (lookUp('', bindings) ?? '') : (lookUp(qualified.slice(0, colon), bindings) ?? unbound(qualified))
    const name = colon < 0 ? qualified : local(qualified, colon)
    const attributes = raw === undefined ? NO_ATTRIBUTES : resolve(raw, bindings)
    if (empty) return { namespace, name, attributes, children: NO_CHILDREN, text: '' }
    let children: XmlElement[] | undefined
    let data = ''
    for (;;) {
      const open = text.indexOf('<', this.#at)
      if (open < 0) malformed('it ends too early')
      if (open > this.#at) data += characterData(text.slice(this.#at, open))
      this.#at = open
      const next = text.charCodeAt(open + 1)
      if (next === SLASH) {
        this.#endTag(qualified)
        break
      }
      if (next === EXCLAMATION) {
        if (text.startsWith('<![CDATA[', open)) {
          const end = this.#behind(']]>', open + 9)
          data += newlines(text.slice(open + 9, end - 3))
          this.#at = end
        } else this.#comment()
      } else if (next === QUESTION) this.#at = this.#behind('?>', open + 2)
      else {
        children ??= []
        children.push(this.#element(bindings, depth + 1))
      }
    }
    if (children === undefined) return { namespace, name, attributes, children: NO_CHILDREN, text: data }
    return { namespace, name, attributes, children, text: isBlank(data) ? '' : data }
  }

  #endTag(qualified: string): void {
    const text = this.#text
    if (!text.startsWith(qualified, this.#at + 2)) malformed('an end tag that closes nothing')
    this.#at += 2 + qualified.length
    this.#skipSpace()
    if (text.charCodeAt(this.#at) !== GREATER) malformed('an end tag that closes nothing')
    this.#at++
  }

  #attributeValue(): string {
    const text = this.#text
    this.#skipSpace()
    if (text.charCodeAt(this.#at) !== EQUALS) malformed('an attribute without a value')
    this.#at++
    this.#skipSpace()
    const quote = text.charCodeAt(this.#at)
    if (quote !== DOUBLE_QUOTE && quote !== SINGLE_QUOTE) malformed('an attribute value without quotes')
    const from = this.#at + 1
    const end = text.indexOf(quote === DOUBLE_QUOTE ? '"' : "'", from)
    if (end < 0) malformed('it ends too early')
    this.#at = end + 1
    const raw = text.slice(from, end)
    if (raw.includes('<')) malformed('a broken attribute value')
    // Attribute value normalisation: white space as written is a space, as a reference it stays.
    const spaced = /[\t\n\r]/.test(raw) ? raw.replace(/\r\n?|[\t\n]/g, ' ') : raw
    return spaced.includes('&') ? dereference(spaced) : spaced
  }
}

const isSpace = (code: number): boolean => code === SPACE || code === LF || code === CR || code === TAB

/** Letters, underscore and everything beyond ASCII. A colon cannot begin a name with namespaces. */
const isNameStart = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code > 127

const isBlank = (data: string): boolean => {
  for (let i = 0; i < data.length; i++) if (!isSpace(data.charCodeAt(i))) return false
  return true
}

const newlines = (data: string): string => (data.includes('\r') ? data.replace(/\r\n?/g, '\n') : data)

const characterData = (raw: string): string => {
  const data = newlines(raw)
  return data.includes('&') ? dereference(data) : data
}

const PREDEFINED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const dereference = (raw: string): string => {
  let out = ''
  let at = 0
  for (;;) {
    const mark = raw.indexOf('&', at)
    if (mark < 0) return out + raw.slice(at)
    const end = raw.indexOf(';', mark)
    if (end < 0 || end - mark > 12) malformed('a broken entity')
    out += raw.slice(at, mark) + entity(raw.slice(mark + 1, end))
    at = end + 1
  }
}

const entity = (name: string): string => {
  if (name.charCodeAt(0) !== 35) return Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name]! : malformed('an entity')
  const hexadecimal = name.charCodeAt(1) === 120
  const digits = name.slice(hexadecimal ? 2 : 1)
  if (!(hexadecimal ? /^[0-9a-fA-F]+$/ : /^[0-9]+$/).test(digits)) malformed('a broken character reference')
  const code = Number.parseInt(digits, hexadecimal ? 16 : 10)
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) malformed('a broken character reference')
  const char = String.fromCodePoint(code)
  return FORBIDDEN.test(char) ? malformed('a character that XML does not allow') : char
}

const bind = (prefix: string, uri: string, bindings: Binding | undefined, outer: Binding | undefined): Binding => {
  if (prefix === 'xml' || prefix === 'xmlns' || uri === XML_NAMESPACE) malformed('a reserved prefix')
  if (prefix !== '' && uri === '') malformed('a prefix without a namespace')
  for (let at = bindings; at !== outer; at = at?.outer) if (at?.prefix === prefix) malformed('an attribute twice')
  return { prefix, uri, outer: bindings }
}

const lookUp = (prefix: string, bindings: Binding | undefined): string | undefined => {
  for (let at = bindings; at !== undefined; at = at.outer) if (at.prefix === prefix) return at.uri
  return prefix === 'xml' ? XML_NAMESPACE : undefined
}

const unbound = (qualified: string): never => malformed(`the prefix of ${qualified.slice(0, 64)} is not declared`)

const local = (qualified: string, colon: number): string => {
  const name = qualified.slice(colon + 1)
  if (name.includes(':') || !isNameStart(name.charCodeAt(0))) malformed('a broken name')
  return name
}

const resolve = (raw: readonly RawAttribute[], bindings: Binding | undefined): XmlAttribute[] => {
  const attributes: XmlAttribute[] = []
  for (const { qualified, value } of raw) {
    const colon = qualified.indexOf(':')
    const namespace = colon < 0 ? '' : (lookUp(qualified.slice(0, colon), bindings) ?? unbound(qualified))
    const name = colon < 0 ? qualified : local(qualified, colon)
    for (const other of attributes)
      if (other.name === name && other.namespace === namespace) malformed('an attribute twice')
    attributes.push({ namespace, name, value })
  }
  return attributes
}
