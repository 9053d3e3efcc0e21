import type { AnyCimClass, EndpointReference } from '@outrider/protocols/wsman'

// Names firmware gives its instances (amt-firmware.md 8).

export const AMT_SYSTEM = 'Intel(r) AMT'
export const MANAGED_SYSTEM_NAME = 'ManagedSystem'

/** The four keys nearly every service has. */
export const serviceKeys = (cls: AnyCimClass, name: string, system = AMT_SYSTEM) => ({
  CreationClassName: cls.name,
  Name: name,
  SystemCreationClassName: 'CIM_ComputerSystem',
  SystemName: system,
})

export const refer = (cls: AnyCimClass, selectors: EndpointReference['selectors']): EndpointReference => ({
  resourceUri: cls.uri,
  selectors,
})

export const serverName = (index: number): string => `Intel(r) AMT:Management Presence Server ${index}`
export const certificateName = (handle: number): string => `Intel(r) AMT Certificate: Handle: ${handle}`
export const keyName = (handle: number): string => `Intel(r) AMT Key: Handle: ${handle}`
export const proxyName = (index: number): string => `Intel(r) ME:HTTP Proxy Access Point ${index}`

/** The number at the end of such a name; `undefined` where it has none. */
export const numberIn = (name: string): number | undefined => {
  const digits = /(\d+)\s*$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The lowest number from `from` on that is not taken: firmware reuses handles. */
export const lowestFree = (taken: readonly number[], from = 0): number => {
  let number = from
  while (taken.includes(number)) number++
  return number
}

/** A selector's text inside a reference; `undefined` where it has none of that name. */
export const selectorText = (reference: EndpointReference | undefined, name: string): string | undefined => {
  const value = reference?.selectors[name]
  return typeof value === 'string' ? value.trim() : undefined
}
