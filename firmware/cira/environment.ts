/**
 * Where the machine is, by its DNS suffix and the intranet domains it was told (amt-firmware.md 11.1). `unset`:
 * nobody told it any, so it counts as inside and no tunnel starts.
 */
export type Environment = 'unset' | 'inside' | 'outside'

export const environment = (detectionStrings: readonly string[], dnsSuffix: string): Environment => {
  if (detectionStrings.length === 0) return 'unset'
  const suffix = dnsSuffix.toLowerCase()
  // The suffix itself, or a domain above it.
  const home = detectionStrings.some((each) => {
    const domain = each.toLowerCase()
    return suffix === domain || suffix.endsWith(`.${domain}`)
  })
  return home ? 'inside' : 'outside'
}
