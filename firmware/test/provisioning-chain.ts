import 'reflect-metadata'
import { createHash, KeyObject, sign, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto)

// Provisioning certificates for tests: RSA keys that are made once, certificates that are wrong in one way each.

const RSA = { name: 'RSASSA-PKCS1-v1_5', publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' }
const DAY = 86_400_000

export const SETUP_PURPOSES = ['1.3.6.1.5.5.7.3.1', '2.16.840.1.113741.1.2.3'] as const

export interface Certified {
  readonly der: Uint8Array<ArrayBuffer>
  readonly certificate: x509.X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
}

export interface Details {
  readonly subject?: string
  readonly keys?: webcrypto.CryptoKeyPair
  readonly authority?: boolean
  readonly mayCertify?: boolean
  readonly purposes?: readonly string[]
  readonly dnsNames?: readonly string[]
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly hash?: 'SHA-1' | 'SHA-256' | 'SHA-384'
}

export interface LeafDetails extends Details {
  readonly commonName?: string
}

/** A root with its intermediates, and the keys to make more of each. */
export class ProvisioningPki {
  readonly root: Certified
  /** Nearest to the leaf first. */
  readonly intermediates: readonly Certified[]
  readonly leafKeys: webcrypto.CryptoKeyPair
  readonly shortKeys: webcrypto.CryptoKeyPair
  readonly ellipticKeys: webcrypto.CryptoKeyPair

  private constructor(made: {
    readonly root: Certified
    readonly intermediates: readonly Certified[]
    readonly leafKeys: webcrypto.CryptoKeyPair
    readonly shortKeys: webcrypto.CryptoKeyPair
    readonly ellipticKeys: webcrypto.CryptoKeyPair
  }) {
    this.root = made.root
    this.intermediates = made.intermediates
    this.leafKeys = made.leafKeys
    this.shortKeys = made.shortKeys
    this.ellipticKeys = made.ellipticKeys
  }

  /** `depth` intermediates between leaf and root. */
  static async create(depth = 1): Promise<ProvisioningPki> {
    const [rootKeys, leafKeys, shortKeys, ...between] = await Promise.all([
      rsa(2048),
      rsa(2048),
      rsa(1024),
      ...Array.from({ length: depth }, () => rsa(2048)),
    ])
    const ellipticKeys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ])
    const root = await selfSigned(rootKeys!, { subject: 'CN=Test Provisioning Root', authority: true })
    const intermediates: Certified[] = []
    let issuer = root
    for (const [index, keys] of between.entries()) {
      issuer = await issue(issuer, keys, {
        subject: `CN=Test Provisioning Authority ${depth - index}`,
        authority: true,
      })
      intermediates.unshift(issuer)
    }
    return new ProvisioningPki({ root, intermediates, leafKeys: leafKeys!, shortKeys: shortKeys!, ellipticKeys })
  }

  /** SHA-256 of the root, hexadecimal. */
  get rootHash(): string {
    return this.hash('sha256')
  }

  hash(algorithm: string): string {
    return createHash(algorithm).update(this.root.der).digest('hex')
  }

  /** A leaf as firmware wants it, but for what `details` say. */
  leaf(details: LeafDetails = {}, issuer: Certified = this.intermediates[0] ?? this.root): Promise<Certified> {
    const { commonName = 'provision.vprodemo.com', keys = this.leafKeys, ...rest } = details
    return issue(issuer, keys, { subject: `CN=${commonName}`, purposes: SETUP_PURPOSES, ...rest })
  }

  /** DER of a whole chain, leaf first. */
  chain(leaf: Certified): readonly Uint8Array<ArrayBuffer>[] {
    return [leaf, ...this.intermediates, this.root].map(({ der }) => der)
  }

  /** Another authority in the place of an intermediate: same name and key, other details. */
  authority(details: Details, keys = this.intermediates[0]!.keys): Promise<Certified> {
    return issue(this.root, keys, { subject: this.intermediates[0]!.certificate.subject, authority: true, ...details })
  }

  /** The root's key and name, certified again. */
  rootAgain(details: Details): Promise<Certified> {
    return selfSigned(this.root.keys, { subject: 'CN=Test Provisioning Root', authority: true, ...details })
  }

  otherRoot(keys: webcrypto.CryptoKeyPair): Promise<Certified> {
    return selfSigned(keys, { subject: 'CN=Test Provisioning Root', authority: true })
  }
}

const rsa = (modulusLength: number): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey({ ...RSA, modulusLength }, true, ['sign', 'verify'])

const extensionsOf = ({ authority, mayCertify, purposes, dnsNames }: Details): x509.Extension[] => [
  ...(authority === undefined ? [] : [new x509.BasicConstraintsExtension(authority)]),
  ...(mayCertify === undefined
    ? []
    : [new x509.KeyUsagesExtension(mayCertify ? x509.KeyUsageFlags.keyCertSign : x509.KeyUsageFlags.digitalSignature)]),
  ...(purposes === undefined || purposes.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...purposes])]),
  ...(dnsNames === undefined
    ? []
    : [new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value })))]),
]

let serial = 0x1000

const common = (details: Details) => ({
  serialNumber: (++serial).toString(16),
  notBefore: details.notBefore ?? new Date(Date.now() - 30 * DAY),
  notAfter: details.notAfter ?? new Date(Date.now() + 365 * DAY),
  signingAlgorithm: { ...RSA, hash: details.hash ?? 'SHA-256' },
  extensions: extensionsOf(details),
})

/** A key may sign under another hash only where it is imported for it. */
const signerFor = async (keys: webcrypto.CryptoKeyPair, hash: string): Promise<webcrypto.CryptoKey> => {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return webcrypto.subtle.importKey('pkcs8', pkcs8, { ...RSA, hash }, false, ['sign'])
}

const issue = async (issuer: Certified, keys: webcrypto.CryptoKeyPair, details: Details): Promise<Certified> => {
  const certificate = await x509.X509CertificateGenerator.create({
    ...common(details),
    subject: details.subject ?? 'CN=nobody',
    issuer: issuer.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: await signerFor(issuer.keys, details.hash ?? 'SHA-256'),
  })
  return { der: new Uint8Array(certificate.rawData), certificate, keys }
}

const selfSigned = async (keys: webcrypto.CryptoKeyPair, details: Details): Promise<Certified> => {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(details),
    name: details.subject ?? 'CN=nobody',
    keys: { publicKey: keys.publicKey, privateKey: await signerFor(keys, details.hash ?? 'SHA-256') },
  })
  return { der: new Uint8Array(certificate.rawData), certificate, keys }
}

/** RSA PKCS#1 v1.5 over `parts` in a row. */
export const signWith = (
  keys: webcrypto.CryptoKeyPair,
  parts: readonly Uint8Array[],
  hash = 'sha256',
): Uint8Array<ArrayBuffer> => new Uint8Array(sign(hash, Buffer.concat(parts), KeyObject.from(keys.privateKey)))

/** `bytes` with one bit the other way round. */
export const flipped = (bytes: Uint8Array, bit: number): Uint8Array<ArrayBuffer> => {
  const other = new Uint8Array(bytes)
  const at = bit % (bytes.length * 8)
  other[at >> 3] = other[at >> 3]! ^ (1 << (at & 7))
  return other
}
