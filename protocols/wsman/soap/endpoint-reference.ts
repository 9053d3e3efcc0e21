import type { EndpointReference, Selectors } from '../cim.ts'
import { branch, child, leaf, type XmlElement } from '../xml/index.ts'
import { ADDRESSING, ANONYMOUS, WSMAN } from './namespaces.ts'

/**
 * What stands inside an element that is a reference (reference/amt-firmware.md 6.3). `Address` says nothing:
 * clients and firmware write four different ones.
 */
export const printReference = (reference: EndpointReference): readonly XmlElement[] => [
  // A reference to nothing, as some calls that failed answer with, has an address of its own.
  leaf(ADDRESSING, 'Address', reference.resourceUri === '' ? 'default' : ANONYMOUS),
  branch(ADDRESSING, 'ReferenceParameters', [
    leaf(WSMAN, 'ResourceURI', reference.resourceUri),
    printSelectors(reference.selectors),
  ]),
]

/** The reference inside `element`; `undefined` where there is none. A failed call's has an empty `resourceUri`. */
export const readReference = (element: XmlElement): EndpointReference | undefined => {
  const parameters = child(element, ADDRESSING, 'ReferenceParameters')
  if (parameters === undefined) return undefined
  return {
    resourceUri: child(parameters, WSMAN, 'ResourceURI')?.text.trim() ?? '',
    selectors: readSelectors(child(parameters, WSMAN, 'SelectorSet')),
  }
}

export const printSelectors = (selectors: Selectors): XmlElement =>
  branch(
    WSMAN,
    'SelectorSet',
    Object.entries(selectors).map(([name, value]) => {
      const attributes = [{ namespace: '', name: 'Name', value: name }]
      return typeof value === 'string'
        ? leaf(WSMAN, 'Selector', value, attributes)
        : branch(WSMAN, 'Selector', [branch(ADDRESSING, 'EndpointReference', printReference(value))], attributes)
    }),
  )

/** Selectors by name; white space around a value says nothing. Those without a name are passed over. */
export const readSelectors = (set: XmlElement | undefined): Selectors => {
  const selectors: Record<string, string | EndpointReference> = {}
  for (const selector of set?.children ?? []) {
    if (selector.name !== 'Selector' || selector.namespace !== WSMAN) continue
    const name = selector.attributes.find((attribute) => attribute.name === 'Name')?.value
    if (name === undefined) continue
    const inner = child(selector, ADDRESSING, 'EndpointReference')
    const reference = inner && readReference(inner)
    // A name like __proto__ comes from a peer: it must become a property, not a prototype.
    Object.defineProperty(selectors, name, {
      value: reference ?? selector.text.trim(),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return selectors
}
