import type { EndpointReference, Selectors } from '@outrider/protocols/wsman'

// Which instance selectors pick: only what both sides name is compared, unknown selectors are ignored, white
// space around values means nothing, and where a reference points says its selectors alone
// (amt-firmware.md 6.3, 6.4).

// Clients leave out the first space of `TLSProtocolEndpoint Instances Collection`.
const plain = (value: string): string => value.replaceAll(/\s+/g, '')

const sameReference = (a: EndpointReference, b: EndpointReference): boolean => matches(a.selectors, b.selectors)

const sameValue = (given: string | EndpointReference, own: unknown): boolean => {
  if (typeof given === 'string')
    return (typeof own === 'string' || typeof own === 'number') && plain(given) === plain(String(own))
  return typeof own === 'object' && own !== null && 'selectors' in own && sameReference(given, own as EndpointReference)
}

const matches = (given: Selectors, own: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(given).every(([name, value]) => own[name] === undefined || sameValue(value, own[name]))

/** The first of `instances` that all known selectors fit; `undefined` where none does. */
export const select = <T extends object>(instances: readonly T[], selectors: Selectors): T | undefined =>
  instances.find((instance) => matches(selectors, instance as Readonly<Record<string, unknown>>))
