import { type Bytes, fromHex, toHex } from './bytes.ts'

declare const guidBrand: unique symbol

/** A UUID in its display form: lower-case hexadecimal with dashes, e.g. `d12428be-9fa1-4226-9784-54b2038beab6`. */
export type Guid = string & { readonly [guidBrand]: true }

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The GUID written in `text` in either case, white space around it ignored; `undefined` where it is none. */
export const parseGuid = (text: string): Guid | undefined => {
  const lower = text.trim().toLowerCase()
  return FORM.test(lower) ? (lower as Guid) : undefined
}

/** A GUID known to be well formed by whoever wrote it (a constant in code). Throws `TypeError` otherwise. */
export const guid = (text: string): Guid => {
  const parsed = parseGuid(text)
  if (parsed === undefined) throw new TypeError(`not a GUID: ${text}`)
  return parsed
}

// SMBIOS 2.6+ (DSP0134 section 7.2.1) keeps the first three fields little-endian; APF, MEI and WS-MAN's
// PlatformGUID all use that order (reference/mps.md 1.3).
const SMBIOS_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const

/** Display form of 16 bytes in SMBIOS order. Throws `RangeError` where there are not 16. */
export const guidFromSmbios = (bytes: Bytes): Guid => {
  if (bytes.length !== 16) throw new RangeError(`a GUID has 16 bytes, not ${bytes.length}`)
  const hex = toHex(Uint8Array.from(SMBIOS_ORDER, (from) => bytes[from]!))
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as Guid
}

/** The 16 bytes of `value` in SMBIOS order. */
export const guidToSmbios = (value: Guid): Uint8Array<ArrayBuffer> => {
  const plain = fromHex(value.replaceAll('-', ''))!
  return Uint8Array.from(SMBIOS_ORDER, (from) => plain[from]!)
}

/** Some boards ship with a UUID nobody set: all zeros or all ones (reference/mps.md 1.3). */
export const isUnsetGuid = (value: Guid): boolean => /^0[0-]*$/.test(value) || /^f[f-]*$/.test(value)
