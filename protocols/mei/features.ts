/**
 * What the `Sku` code version says this machine can do: bits and the words they are printed as, by AMT major
 * version (reference/rpc.md 5.5). `below` ends the versions a bit has a meaning in.
 */
const modern: readonly { readonly bit: number; readonly name: string; readonly below?: number }[] = [
  { bit: 0x02, name: 'iQST', below: 7 },
  { bit: 0x04, name: 'ASF', below: 6 },
  { bit: 0x08, name: 'AMT Pro' },
  { bit: 0x10, name: 'Intel Standard Manageability' },
  { bit: 0x20, name: 'TPM', below: 6 },
  { bit: 0x100, name: 'Home IT', below: 6 },
  { bit: 0x400, name: 'WOX', below: 6 },
  { bit: 0x2000, name: 'AT-p' },
  { bit: 0x4000, name: 'Corporate' },
  { bit: 0x8000, name: 'L3 Mgt Upgrade', below: 8 },
]
const early = [
  { bit: 0x02, name: 'iQST' },
  { bit: 0x04, name: 'ASF' },
  { bit: 0x08, name: 'AMT' },
]
const first: Readonly<Record<number, string>> = { 0: 'AMT + ASF + iQST', 1: 'ASF + iQST', 2: 'iQST' }

/** `[major, minor]` of a version such as `16.1.25`; `undefined` where it is none. */
export const amtVersion = (version: string): readonly [major: number, minor: number] | undefined => {
  const match = /^(\d+)\.(\d+)(\.|$)/.exec(version.trim())
  return match === null ? undefined : [Number(match[1]), Number(match[2])]
}

/** A `Sku` value, decimal text; `undefined` where it is none. */
export const skuValue = (sku: string): number | undefined => {
  const trimmed = sku.trim()
  return /^\d{1,9}$/.test(trimmed) ? Number(trimmed) : undefined
}

/** Names of what a `Sku` grants, joined by a space, e.g. `AMT Pro Corporate`; `''` where either text is malformed. */
export const skuFeatures = (version: string, sku: string): string => {
  const parsed = amtVersion(version)
  const value = skuValue(sku)
  if (parsed === undefined || value === undefined) return ''
  const [major, minor] = parsed
  if (major < 2 || (major === 2 && minor <= 2)) return first[value] ?? ''
  const table = major < 5 ? early : modern.filter(({ below }) => below === undefined || major < below)
  return table
    .filter(({ bit }) => (value & bit) !== 0)
    .map(({ name }) => name)
    .join(' ')
}
