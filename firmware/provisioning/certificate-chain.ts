import { createHash, X509Certificate } from 'node:crypto'
import type { Bytes, EpochMilliseconds } from '@outrider/protocols/values'
import type { TrustedHash } from '../identity.ts'
import { hasSetupKey, hasSetupPurpose, isForSuffix } from './leaf-rules.ts'

// The chain a provisioning server uploads before AdminSetup, leaf first (amt-firmware.md 9.2, 1 to 3). Pure.

/** `returnValue` of AddNextCertInChain (amt-firmware.md 7.2). */
export const CHAIN = {
  success: 0,
  invalidParameter: 1,
  invalidState: 3,
  verificationFailed: 4,
  lengthExceeded: 5,
} as const

/** Certificates a chain may have, leaf and root included. */
export const MAX_CHAIN = 4

/**
 * What was uploaded so far. Lives in memory like the nonce it will be used with: an engine that restarts has
 * forgotten both.
 */
export interface CertificateChain {
  /** `CertChainStatus`: 0 not started, 1 in progress, 2 complete. */
  readonly status: 0 | 1 | 2
  /** Leaf first. */
  readonly certificates: readonly X509Certificate[]
}

export const noChain: CertificateChain = { status: 0, certificates: [] }

/** One upload: DER, and what it claims to be. */
export interface ChainLink {
  readonly certificate: Bytes | undefined
  readonly isLeaf: boolean
  readonly isRoot: boolean
}

/** What a chain is judged by. */
export interface ChainCircumstances {
  /** The device's own time. */
  readonly now: EpochMilliseconds
  readonly dnsSuffix: string
  readonly trustedHashes: readonly TrustedHash[]
  /** Algorithms by which this firmware compares roots, e.g. `sha256`. */
  readonly rootHashAlgorithms: readonly RootHashAlgorithm[]
}

export type RootHashAlgorithm = 'sha1' | 'sha256' | 'sha384'

export interface ChainOutcome {
  readonly returnValue: number
  readonly chain: CertificateChain
}

/** Takes the next certificate. A refused one ends the chain, except where it was no certificate's turn. */
export const addToChain = (chain: CertificateChain, link: ChainLink, given: ChainCircumstances): ChainOutcome => {
  if (link.certificate === undefined || link.certificate.length === 0)
    return { returnValue: CHAIN.invalidParameter, chain }
  // A leaf begins a chain, whatever was uploaded before it; nothing else begins one, or follows a root.
  if (!link.isLeaf && chain.status !== 1) return { returnValue: CHAIN.invalidState, chain }
  const before = link.isLeaf ? [] : chain.certificates
  if (before.length >= MAX_CHAIN) return { returnValue: CHAIN.lengthExceeded, chain: noChain }
  const certificate = parse(link.certificate)
  if (certificate === undefined || !fits(certificate, before, link, given))
    return { returnValue: CHAIN.verificationFailed, chain: noChain }
  return {
    returnValue: CHAIN.success,
    chain: { status: link.isRoot ? 2 : 1, certificates: [...before, certificate] },
  }
}

const parse = (der: Bytes): X509Certificate | undefined => {
  try {
    const certificate = new X509Certificate(der)
    // A key is decoded when it is looked at.
    void certificate.publicKey
    // Whatever follows the certificate is not covered by its signature.
    return certificate.raw.length === der.length ? certificate : undefined
  } catch {
    return undefined
  }
}

const fits = (
  certificate: X509Certificate,
  before: readonly X509Certificate[],
  { isLeaf, isRoot }: ChainLink,
  given: ChainCircumstances,
): boolean => {
  if (!isValidAt(certificate, given.now)) return false
  if (
    isLeaf &&
    !(hasSetupPurpose(certificate) && hasSetupKey(certificate) && isForSuffix(certificate, given.dnsSuffix))
  )
    return false
  const previous = before.at(-1)
  // An issuer is an authority; a leaf that is its own root has nobody below it.
  if (previous !== undefined && !(certificate.ca && isIssuedBy(previous, certificate))) return false
  return !isRoot || (isIssuedBy(certificate, certificate) && isTrusted(certificate, given))
}

const isValidAt = (certificate: X509Certificate, now: EpochMilliseconds): boolean =>
  now >= certificate.validFromDate.getTime() && now <= certificate.validToDate.getTime()

// Names, key identifiers and the issuer's key usage, then the signature.
const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)

const isTrusted = (root: X509Certificate, { trustedHashes, rootHashAlgorithms }: ChainCircumstances): boolean => {
  const hashes = rootHashAlgorithms.map((algorithm) => createHash(algorithm).update(root.raw).digest('hex'))
  return trustedHashes.some(({ isActive, hash }) => isActive && hashes.includes(hash.toLowerCase()))
}
