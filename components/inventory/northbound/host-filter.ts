import { faults } from '../faults.ts'
import { hostFields } from './host-fields.ts'

// AIP-160 as existing clients use it (reference/emf-code.md 2.4): `=` on text is "contains", whatever the case,
// with `*` as wildcard; has(edge); dotted paths; AND, OR, NOT and parentheses.

/** Whether a host in northbound JSON is one of those asked for. */
export type HostTest = (host: Readonly<Record<string, unknown>>) => boolean

type Token =
  | { readonly is: 'word' | 'text'; readonly text: string; readonly at: number }
  | { readonly is: 'sign'; readonly text: string; readonly at: number }

const TOKEN = /\s*(?:(>=|<=|!=|[=<>:()])|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s=<>!:()"']+))/y
const MAX_LENGTH = 1000
const MAX_DEPTH = 32

const invalid = (at: number, why: string) => faults.FILTER_INVALID({ at, why })

const tokens = (filter: string): Token[] => {
  if (filter.length > MAX_LENGTH) throw invalid(MAX_LENGTH, `it is longer than ${MAX_LENGTH} characters`)
  const out: Token[] = []
  const end = filter.trimEnd().length
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(filter)
    if (match === null) throw invalid(at, 'an unexpected character or an open quote')
    const [, sign, double, single, word] = match
    const quoted = double ?? single
    if (sign !== undefined) out.push({ is: 'sign', text: sign, at })
    else if (quoted !== undefined) out.push({ is: 'text', text: quoted.replace(/\\(.)/g, '$1'), at })
    else out.push({ is: 'word', text: word!, at })
  }
  return out
}

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** The value at a dotted path; `undefined` where a part of it is not there. */
const valueAt = (host: Readonly<Record<string, unknown>>, path: readonly string[]): unknown => {
  let value: unknown = host
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}

const textTest = (wanted: string): ((value: string) => boolean) => {
  const lower = wanted.toLowerCase()
  const parts = lower.split('*')
  if (parts.length === 1) return (value) => (lower === '' ? value === '' : value.toLowerCase().includes(lower))
  // Parts between wildcards, in order; no regular expression of a stranger's making.
  return (value) => {
    const whole = value.toLowerCase()
    const [head, tail] = [parts[0]!, parts.at(-1)!]
    if (!whole.startsWith(head) || !whole.endsWith(tail) || whole.length < head.length + tail.length) return false
    let at = head.length
    for (const part of parts.slice(1, -1)) {
      const found = whole.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return at <= whole.length - tail.length
  }
}

// PROVISIONED is contained in UNPROVISIONED: these are compared whole.
const isEnumeration = (name: string): boolean => /(?:State|Policy|Mode|Sku|Indicator)$/.test(name)

const comparison = (path: readonly string[], sign: string, wanted: string): HostTest => {
  const equals = isEnumeration(path.at(-1)!)
    ? (value: string) => value.toUpperCase() === wanted.toUpperCase()
    : textTest(wanted)
  const number = Number(wanted)
  return (host) => {
    const value = valueAt(host, path)
    const plain = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
    const text = typeof plain === 'string' ? plain : ''
    switch (sign) {
      case '=':
      case ':':
        return typeof value === 'number' ? value === number : equals(text)
      case '!=':
        return typeof value === 'number' ? value !== number : !equals(text)
    }
    const [left, right] = typeof value === 'number' ? [value, number] : [text, wanted]
    if (sign === '<') return left < right
    if (sign === '<=') return left <= right
    return sign === '>' ? left > right : left >= right
  }
}

/** Reads an expression left to right; OR binds tighter than AND, as AIP-160 has it. */
class Parser {
  readonly #tokens: readonly Token[]
  readonly #end: number
  #at = 0
  #depth = 0

  constructor(filter: string) {
    this.#tokens = tokens(filter)
    this.#end = filter.length
  }

  whole(): HostTest {
    if (this.#tokens.length === 0) return () => true
    const test = this.#conjunction()
    const rest = this.#tokens[this.#at]
    if (rest !== undefined) throw invalid(rest.at, `unexpected ${rest.text}`)
    return test
  }

  #take(is: Token['is'] | undefined, text?: string): Token | undefined {
    const token = this.#tokens[this.#at]
    if (token === undefined || (is !== undefined && token.is !== is)) return undefined
    if (text !== undefined && token.text.toUpperCase() !== text) return undefined
    this.#at++
    return token
  }

  #conjunction(): HostTest {
    const tests = [this.#disjunction()]
    for (;;) {
      if (this.#take('word', 'AND') !== undefined) tests.push(this.#disjunction())
      // Two terms side by side are both meant.
      else if (this.#at < this.#tokens.length && this.#tokens[this.#at]!.text !== ')') tests.push(this.#disjunction())
      else return tests.length === 1 ? tests[0]! : (host) => tests.every((test) => test(host))
    }
  }

  #disjunction(): HostTest {
    const tests = [this.#term()]
    while (this.#take('word', 'OR') !== undefined) tests.push(this.#term())
    return tests.length === 1 ? tests[0]! : (host) => tests.some((test) => test(host))
  }

  #term(): HostTest {
    if (this.#take('word', 'NOT') !== undefined) {
      const test = this.#term()
      return (host) => !test(host)
    }
    if (this.#take('sign', '(') !== undefined) return this.#inside(() => this.#conjunction())
    const name = this.#take('word')
    if (name === undefined) throw invalid(this.#tokens[this.#at]?.at ?? this.#end, 'a field is missing')
    if (name.text.toLowerCase() === 'has' && this.#take('sign', '(') !== undefined)
      return this.#inside(() => {
        const edge = this.#take('word')
        if (edge === undefined) throw invalid(name.at, 'has() needs a field')
        const path = this.#path(edge)
        return (host) => {
          const value = valueAt(host, path)
          return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== ''
        }
      })
    const path = this.#path(name)
    const sign = this.#take('sign')
    if (sign === undefined || sign.text === '(' || sign.text === ')')
      throw invalid(sign?.at ?? this.#end, `a comparison is missing after ${name.text}`)
    const value = this.#take('text') ?? this.#take('word')
    if (value === undefined) throw invalid(sign.at, `a value is missing after ${sign.text}`)
    return comparison(path, sign.text, value.text)
  }

  #inside(read: () => HostTest): HostTest {
    if (++this.#depth > MAX_DEPTH) throw invalid(this.#tokens[this.#at]?.at ?? this.#end, 'it nests too deep')
    const test = read()
    if (this.#take('sign', ')') === undefined) throw invalid(this.#end, 'a ) is missing')
    this.#depth--
    return test
  }

  #path(token: Token): readonly string[] {
    const path = token.text.split('.').map(camel)
    if (!hostFields.has(path[0]!)) throw invalid(token.at, `there is no field ${token.text}`)
    return path
  }
}

/** Reads a filter. Throws `FILTER_INVALID`. */
export const hostFilter = (filter: string): HostTest => new Parser(filter).whole()
