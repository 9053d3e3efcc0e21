import type { X509Certificate } from 'node:crypto'

// What the leaf of a provisioning chain must be (amt-firmware.md 9.2). Pure.

const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1'
/** Marks a certificate that may set AMT up (amt-firmware.md 4.6). */
export const SETUP_PURPOSE = '2.16.840.1.113741.1.2.3'
/** The older mark of the same: an organisational unit. */
export const SETUP_UNIT = 'Intel(R) Client Setup Certificate'
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11'
const MIN_RSA_BITS = 2048

/** Values of one attribute of a certificate's subject, e.g. of every `OU`. */
export const subjectValues = (certificate: X509Certificate, attribute: string): readonly string[] =>
  certificate.subject
    .split('\n')
    .filter((line) => line.startsWith(`${attribute}=`))
    .map((line) => line.slice(attribute.length + 1))

/** Server authentication, and one of the two marks of a setup certificate. */
export const hasSetupPurpose = (leaf: X509Certificate): boolean => {
  // Node calls the extended key usage so.
  const purposes: readonly string[] = leaf.keyUsage ?? []
  const marked = purposes.includes(SETUP_PURPOSE) || subjectValues(leaf, 'OU').includes(SETUP_UNIT)
  return marked && purposes.includes(SERVER_AUTHENTICATION)
}

/** An RSA key of 2048 bits or more under an RSA signature over SHA-256. */
export const hasSetupKey = (leaf: X509Certificate): boolean => {
  const { asymmetricKeyType, asymmetricKeyDetails } = leaf.publicKey
  return (
    asymmetricKeyType === 'rsa' &&
    (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS &&
    leaf.signatureAlgorithmOid === SHA256_WITH_RSA
  )
}

/** Common names and DNS names of a certificate. Alternative names that need quoting are nobody's. */
const namesOf = (leaf: X509Certificate): readonly string[] => {
  const alternative = leaf.subjectAltName ?? ''
  const listed = alternative.includes('"') ? [] : alternative.split(', ')
  return [
    ...subjectValues(leaf, 'CN'),
    ...listed.filter((name) => name.startsWith('DNS:')).map((name) => name.slice('DNS:'.length)),
  ]
}

/** Whether a leaf is one for this DNS suffix: the suffix itself, a name below it, or `*.` and the suffix. */
export const isForSuffix = (leaf: X509Certificate, dnsSuffix: string): boolean => {
  const suffix = dnsSuffix.toLowerCase()
  if (suffix === '') return false
  return namesOf(leaf).some((each) => {
    const name = each.toLowerCase()
    return name === suffix || name.endsWith(`.${suffix}`)
  })
}
