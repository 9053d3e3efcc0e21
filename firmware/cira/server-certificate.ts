import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { EpochMilliseconds } from '@outrider/protocols/values'

// What the device checks of the server it dials (amt-firmware.md 11.3): the chain against its own root store, the
// dates against its own clock, the name against what it was configured with.

export type CertificateVerdict =
  | 'trusted'
  /** No certificate was shown, or the chain does not end in a root of the store. */
  | 'untrusted'
  | 'not yet valid'
  | 'expired'
  | 'wrong name'

export interface Expectation {
  readonly roots: readonly X509Certificate[]
  /** `AccessInfo`, or the `CN` of the server entry where that is an address and a `CN` was given. */
  readonly name: string
  /** The device's time, which may be wrong. */
  readonly now: EpochMilliseconds
}

const MAX_CHAIN = 8

/** Judges a chain, leaf first. */
export const judgeServer = (chain: readonly X509Certificate[], expected: Expectation): CertificateVerdict => {
  const leaf = chain[0]
  if (leaf === undefined) return 'untrusted'
  const path = trustedPath(chain, expected.roots)
  if (path === undefined) return 'untrusted'
  for (const certificate of path) {
    if (expected.now < Date.parse(certificate.validFrom)) return 'not yet valid'
    if (expected.now > Date.parse(certificate.validTo)) return 'expired'
  }
  return hasName(leaf, expected.name) ? 'trusted' : 'wrong name'
}

const issued = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)

/** From the leaf to a root of the store, each signed by the next; servers usually leave the root out. */
const trustedPath = (
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): readonly X509Certificate[] | undefined => {
  const path: X509Certificate[] = []
  let current = chain[0]
  while (current !== undefined && path.length < MAX_CHAIN) {
    const certificate: X509Certificate = current
    path.push(certificate)
    if (roots.some((root) => root.raw.equals(certificate.raw))) return path
    const root = roots.find((each) => issued(certificate, each))
    if (root !== undefined) return [...path, root]
    // Below the root, whoever signs must be an authority.
    current = chain.find((each) => !path.includes(each) && each.ca && issued(certificate, each))
  }
  return undefined
}

/** Whether a leaf is that name's: a subject alternative name or the common name, `*.` standing for one label. */
const hasName = (leaf: X509Certificate, name: string): boolean => {
  if (isIP(name) !== 0 && leaf.checkIP(name) !== undefined) return true
  if (leaf.checkHost(name, { subject: 'never' }) !== undefined) return true
  const wanted = name.toLowerCase()
  return leaf.subject
    .split('\n')
    .filter((line) => line.startsWith('CN='))
    .some((line) => matchesName(line.slice(3).toLowerCase(), wanted))
}

const matchesName = (pattern: string, wanted: string): boolean =>
  pattern === wanted ||
  (pattern.startsWith('*.') && wanted.includes('.') && wanted.slice(wanted.indexOf('.')) === pattern.slice(1))

/** The name a server entry's certificate must have: its address, or the `CN` given for one that is no name. */
export const expectedName = (accessInfo: string, cn: string): string =>
  isIP(accessInfo) !== 0 && cn !== '' ? cn : accessInfo
