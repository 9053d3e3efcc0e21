import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import type { DomainProfile } from '@outrider/domain/ports'
import type { Bytes, EpochMilliseconds } from '@outrider/protocols/values'
import { certificateFaults } from './faults.ts'
import type { PfxContent } from './pfx-content.ts'
import { isForSuffix, namesOf, subjectValues } from './suffixes.ts'

/** Marks a certificate that may set AMT up (reference/amt-firmware.md 9.2); the older mark of the same is a unit. */
const SETUP_PURPOSE = '2.16.840.1.113741.1.2.3'
const SETUP_UNIT = 'Intel(R) Client Setup Certificate'
const MIN_RSA_BITS = 2048
/** More than any honest chain has. */
const LONGEST_CHAIN = 10

/** A certificate with its key and its whole chain, put in order. */
export interface ProvisioningCertificate {
  readonly key: KeyObject
  /** Leaf first, root last. */
  readonly chain: readonly X509Certificate[]
}

interface Opened {
  readonly pool: readonly X509Certificate[]
  /** Whose key there is; the first where there is no such. */
  readonly leaf: X509Certificate
  /** The key of the leaf. */
  readonly key: KeyObject | undefined
  readonly keys: number
}

/**
 * Puts the content of a PKCS#12 file in order: the leaf is whose key there is, then each issuer up to the root.
 * Throws `PROVISIONING_CERT_UNREADABLE`, `_EMPTY`, `_NOT_RSA`, `_WITHOUT_ROOT`, `_WITHOUT_KEY`, `_KEY_MISMATCH`,
 * `_CHAIN_BROKEN`, `_CHAIN_UNSIGNED`.
 */
export const assemble = (content: PfxContent): ProvisioningCertificate => {
  const opened = open(content)
  requireRoot(opened)
  return { key: keyOf(opened), chain: chainOf(opened.leaf, opened.pool) }
}

/**
 * The same for a file somebody uploads, with everything firmware asks of it for machines of `suffix`; what is wrong
 * first is named first, as existing clients know it (reference/rps.md 5.1). Throws beside the above
 * `PROVISIONING_CERT_WITHOUT_NAME`, `_OTHER_SUFFIX`, `_NOT_YET_VALID`, `_EXPIRED`, `_KEY_TOO_SHORT`,
 * `_PURPOSE_MISSING`.
 */
export const examine = (content: PfxContent, suffix: string, now: EpochMilliseconds): ProvisioningCertificate => {
  const opened = open(content)
  const { pool, leaf } = opened
  const names = namesOf(leaf)
  if (names.length === 0) throw certificateFaults.PROVISIONING_CERT_WITHOUT_NAME()
  if (!isForSuffix(names, suffix))
    throw certificateFaults.PROVISIONING_CERT_OTHER_SUFFIX({ suffix, names: names.join(', ') })
  requireValidAt(pool, now)
  requireRoot(opened)
  for (const { publicKey } of pool) {
    const bits = publicKey.asymmetricKeyDetails?.modulusLength
    if (bits !== undefined && bits < MIN_RSA_BITS) throw certificateFaults.PROVISIONING_CERT_KEY_TOO_SHORT({ bits })
  }
  const certificate = { key: keyOf(opened), chain: chainOf(leaf, pool) }
  // Node calls the extended key usage so.
  const purposes: readonly string[] = leaf.keyUsage ?? []
  if (!purposes.includes(SETUP_PURPOSE) && !subjectValues(leaf, 'OU').includes(SETUP_UNIT))
    throw certificateFaults.PROVISIONING_CERT_PURPOSE_MISSING()
  return certificate
}

const open = ({ certificates, keys }: PfxContent): Opened => {
  const pool = certificates.map(parseCertificate)
  const [first] = pool
  if (first === undefined) throw certificateFaults.PROVISIONING_CERT_EMPTY()
  const pair = keys
    .map(({ der, type }) => parseKey(der, type))
    .map((key) => ({ key, leaf: pool.find((certificate) => certificate.checkPrivateKey(key)) }))
    .find(({ leaf }) => leaf !== undefined)
  const leaf = pair?.leaf ?? first
  if (leaf.publicKey.asymmetricKeyType !== 'rsa')
    throw certificateFaults.PROVISIONING_CERT_NOT_RSA({ algorithm: leaf.publicKey.asymmetricKeyType ?? 'unknown' })
  return { pool, leaf, key: pair?.key, keys: keys.length }
}

const requireRoot = ({ pool }: Opened): void => {
  if (!pool.some(isRoot)) throw certificateFaults.PROVISIONING_CERT_WITHOUT_ROOT()
}

const keyOf = ({ key, keys }: Opened): KeyObject => {
  if (key !== undefined) return key
  throw keys === 0
    ? certificateFaults.PROVISIONING_CERT_WITHOUT_KEY()
    : certificateFaults.PROVISIONING_CERT_KEY_MISMATCH()
}

const parseCertificate = (der: Bytes): X509Certificate => {
  try {
    return new X509Certificate(der)
  } catch (error) {
    throw certificateFaults.PROVISIONING_CERT_UNREADABLE({}, error)
  }
}

const parseKey = (der: Bytes, type: 'pkcs1' | 'pkcs8'): KeyObject => {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type })
  } catch (error) {
    throw certificateFaults.PROVISIONING_CERT_UNREADABLE({}, error)
  }
}

const chainOf = (leaf: X509Certificate, pool: readonly X509Certificate[]): readonly X509Certificate[] => {
  const chain = [leaf]
  for (let last = leaf; !isRoot(last); chain.push(last)) {
    const named = pool.filter((each) => !chain.includes(each) && last.checkIssued(each))
    const issuer = named.find((each) => last.verify(each.publicKey))
    const subject = subjectOf(last)
    if (issuer === undefined && named.length > 0) throw certificateFaults.PROVISIONING_CERT_CHAIN_UNSIGNED({ subject })
    if (issuer === undefined || chain.length >= LONGEST_CHAIN)
      throw certificateFaults.PROVISIONING_CERT_CHAIN_BROKEN({ subject })
    last = issuer
  }
  return chain
}

const isRoot = (certificate: X509Certificate): boolean =>
  certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey)

/** What people call a certificate. */
export const subjectOf = (certificate: X509Certificate): string =>
  subjectValues(certificate, 'CN')[0] ??
  subjectValues(certificate, 'O')[0] ??
  certificate.subject.replaceAll('\n', ', ')

/** Throws `PROVISIONING_CERT_NOT_YET_VALID`, `PROVISIONING_CERT_EXPIRED`, for any of them. */
export const requireValidAt = (certificates: readonly X509Certificate[], now: EpochMilliseconds): void => {
  for (const certificate of certificates) {
    const { validFromDate: from, validToDate: to } = certificate
    if (from.getTime() > now)
      throw certificateFaults.PROVISIONING_CERT_NOT_YET_VALID({
        subject: subjectOf(certificate),
        at: from.toISOString(),
      })
    if (to.getTime() < now)
      throw certificateFaults.PROVISIONING_CERT_EXPIRED({ subject: subjectOf(certificate), at: to.toISOString() })
  }
}

/** What of a certificate is kept beside its name. */
export const factsOf = ({
  chain,
}: ProvisioningCertificate): Pick<DomainProfile, 'expiresAt' | 'rootName' | 'rootHashes'> => {
  const root = chain.at(-1)!
  const hash = (algorithm: string): string => createHash(algorithm).update(root.raw).digest('hex')
  return {
    expiresAt: Math.min(...chain.map(({ validToDate }) => validToDate.getTime())),
    rootName: subjectOf(root),
    rootHashes: { sha1: hash('sha1'), sha256: hash('sha256'), sha384: hash('sha384') },
  }
}

const signAsync = promisify(sign)

/** RSA PKCS#1 v1.5 over SHA-256, off the event loop. */
export const signWith = ({ key }: ProvisioningCertificate, bytes: Bytes): Promise<Bytes> =>
  signAsync('sha256', bytes, key)
