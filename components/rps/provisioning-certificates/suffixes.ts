import type { X509Certificate } from 'node:crypto'

/** Values of one attribute of the subject, e.g. every `OU`. */
export const subjectValues = (certificate: X509Certificate, attribute: string): readonly string[] => {
  const value = (certificate.toLegacyObject().subject as unknown as Record<string, unknown>)[attribute]
  return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string')
}

/** Common names and DNS names of a certificate, lower case. Alternative names that need quoting are nobody's. */
export const namesOf = (certificate: X509Certificate): readonly string[] => {
  const alternative = certificate.subjectAltName ?? ''
  const listed = alternative.includes('"') ? [] : alternative.split(', ')
  const dns = listed.filter((name) => name.startsWith('DNS:')).map((name) => name.slice('DNS:'.length))
  return [...new Set([...subjectValues(certificate, 'CN'), ...dns].map((name) => name.toLowerCase().trim()))]
}

/**
 * Whether a certificate with these names may be meant for machines of `suffix`: its host is in the domain, or the
 * domain is below the one its host is in (reference/amt-firmware.md 9.2). The firmware has the last word.
 */
export const isForSuffix = (names: readonly string[], suffix: string): boolean => {
  const wanted = suffix.toLowerCase()
  return names.some((name) => {
    const bare = name.replace(/^\*\./, '')
    return bare === wanted || bare.endsWith(`.${wanted}`) || isBelow(wanted, domainOf(bare))
  })
}

const isBelow = (name: string, domain: string | undefined): boolean =>
  domain !== undefined && (name === domain || name.endsWith(`.${domain}`))

/** The domain a host is in; `undefined` where that may be one everybody is in, such as `co.uk`. */
const domainOf = (host: string): string | undefined => {
  const labels = host.split('.')
  if (labels.length < 3) return labels.length === 2 ? host : undefined
  const [second = '', top = ''] = labels.slice(-2)
  const isPublic = labels.length === 3 && top.length === 2 && second.length <= 3
  return isPublic ? undefined : labels.slice(1).join('.')
}

/** A DNS suffix and those above it, the longest first, down to two labels (reference/rps.md 5.1). */
export const suffixesOf = (fqdn: string): readonly string[] => {
  const labels = fqdn.toLowerCase().replace(/\.+$/, '').split('.').filter(Boolean)
  if (labels.length === 1) return labels
  return labels.slice(0, -1).map((_, at) => labels.slice(at).join('.'))
}
