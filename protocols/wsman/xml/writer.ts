import { wsmanFaults } from '../faults.ts'
import { FORBIDDEN, SPECIAL, XML_NAMESPACE } from './characters.ts'
import type { XmlElement } from './element.ts'

/** Prefixes declared on the root element, in the order they are written; `''` is the default namespace. */
export type XmlPrefixes = readonly (readonly [prefix: string, namespace: string])[]

/**
 * A document of `root` on one line. Values are escaped here and nowhere else; there is no way to add raw text.
 * Namespaces that `prefixes` does not name are declared on the element that needs them.
 *
 * Throws `WSMAN_UNWRITABLE` where a text has a character XML cannot carry, and `TypeError` for a name that is none.
 */
export const writeXml = (root: XmlElement, prefixes: XmlPrefixes, declaration = DECLARATION): string => {
  const known = new Map<string, string>([[XML_NAMESPACE, 'xml']])
  let declarations = ''
  for (const [prefix, namespace] of prefixes) {
    // A namespace has one prefix. A root in no namespace leaves no room for a default one.
    if (known.has(namespace) || (prefix === '' && root.namespace === '')) continue
    known.set(namespace, prefix)
    declarations += prefix === '' ? ` xmlns="${escaped(namespace)}"` : ` xmlns:${prefix}="${escaped(namespace)}"`
  }
  if (!declarations.includes(' xmlns="')) known.set('', '')
  return declaration + write(root, known, declarations)
}

/** What firmware begins every document with. */
export const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

const write = (element: XmlElement, known: Map<string, string>, declarations: string): string => {
  const { namespace, children } = element
  let own = declarations
  let scope = known
  let prefix = known.get(namespace)
  if (prefix === undefined) {
    scope = new Map(known)
    prefix = declare(scope, namespace)
    own += namespace === '' ? ' xmlns=""' : ` xmlns:${prefix}="${escaped(namespace)}"`
  }
  let attributes = ''
  for (const attribute of element.attributes) {
    let name = checked(attribute.name)
    if (attribute.namespace !== '') {
      // The default namespace does not hold for attributes: such a one gets a prefix of its own.
      let outer = scope.get(attribute.namespace)
      if (outer === undefined || outer === '') {
        scope = new Map(scope)
        outer = declare(scope, attribute.namespace)
        own += ` xmlns:${outer}="${escaped(attribute.namespace)}"`
      }
      name = `${outer}:${name}`
    }
    attributes += ` ${name}="${escaped(attribute.value)}"`
  }
  const name = prefix === '' ? checked(element.name) : `${prefix}:${checked(element.name)}`
  let content = escaped(element.text)
  for (const inner of children) content += write(inner, scope, '')
  return `<${name}${own}${attributes}>${content}</${name}>`
}

/** Binds `namespace` to a prefix nobody else has; no namespace to none, which takes the default one away. */
const declare = (scope: Map<string, string>, namespace: string): string => {
  if (namespace === '') {
    for (const [other, prefix] of scope) if (prefix === '') scope.delete(other)
    scope.set('', '')
    return ''
  }
  const taken = new Set(scope.values())
  let number = 1
  while (taken.has(`n${number}`)) number++
  scope.set(namespace, `n${number}`)
  return `n${number}`
}

const NAME = /^[A-Za-z_\u0080-\uffff][\w.\-\u0080-\uffff]*$/

const checked = (name: string): string => {
  if (!NAME.test(name)) throw new TypeError(`not an XML name: ${name.slice(0, 64)}`)
  return name
}

/** `value` for an element or an attribute; white space that a reader would change goes as references. */
export const escaped = (value: string): string => {
  if (!SPECIAL.test(value)) return value
  if (FORBIDDEN.test(value)) throw wsmanFaults.WSMAN_UNWRITABLE({ reason: 'a control character' })
  if (!value.isWellFormed()) throw wsmanFaults.WSMAN_UNWRITABLE({ reason: 'half a character' })
  return value.replace(/[&<>"\t\n\r]/g, (char) => REFERENCE[char]!)
}

const REFERENCE: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}
