import { createCipheriv, createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import forge from 'node-forge'
import { bmpText, type Der, explicit, implicitOctets, integer, nothing, octets, oid, sequence, set } from './der.ts'

// PKCS#12 (RFC 7292): certificates and a private key under one password.

const OID = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  rc2of40Bits: '1.2.840.113549.1.12.1.6',
  tripleDes: '1.2.840.113549.1.12.1.3',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const

/**
 * - `modern`  AES-256 under PBES2, MAC over SHA-256: what current tools write
 * - `legacy`  RC2-40 for certificates and 3DES for the key, MAC over SHA-1: what old ones wrote
 */
export type PfxCiphers = 'modern' | 'legacy'

export interface PfxContent {
  /** DER, the one the key belongs to first. */
  readonly certificates: readonly Uint8Array[]
  /** PKCS#8 DER. */
  readonly privateKey: Uint8Array
  readonly password: string
  readonly ciphers: PfxCiphers
  readonly friendlyName: string
}

const ITERATIONS = 2048
/** What the key derivation of PKCS#12 makes. */
const PURPOSE = { key: 1, iv: 2, mac: 3 } as const

/** A PFX file. */
export const packPfx = (content: PfxContent): Der => {
  const { certificates, privateKey, password, ciphers, friendlyName } = content
  const keyId = createHash('sha1').update(certificates[0]!).digest()
  const marks = set(
    sequence(oid(OID.friendlyName), set(bmpText(friendlyName))),
    sequence(oid(OID.localKeyId), set(octets(keyId))),
  )
  const certificateBags = certificates.map((der, index) => {
    const bag = sequence(oid(OID.x509Certificate), explicit(0, octets(der)))
    return sequence(oid(OID.certificateBag), explicit(0, bag), ...(index === 0 ? [marks] : []))
  })
  const key = encryptKey(ciphers, password, privateKey)
  const keyBag = sequence(oid(OID.shroudedKeyBag), explicit(0, sequence(key.algorithm, octets(key.encrypted))), marks)
  const safe = encryptCertificates(ciphers, password, sequence(...certificateBags))
  const authenticated = sequence(
    sequence(
      oid(OID.encryptedData),
      explicit(0, sequence(integer(0), sequence(oid(OID.data), safe.algorithm, implicitOctets(0, safe.encrypted)))),
    ),
    sequence(oid(OID.data), explicit(0, octets(sequence(keyBag)))),
  )
  return sequence(
    integer(3),
    sequence(oid(OID.data), explicit(0, octets(authenticated))),
    macOf(ciphers, password, authenticated),
  )
}

interface Encrypted {
  readonly algorithm: Der
  readonly encrypted: Uint8Array
}

const encryptKey = (ciphers: PfxCiphers, password: string, plain: Uint8Array): Encrypted => {
  if (ciphers === 'modern') return encryptPbes2(password, plain)
  const salt = randomBytes(8)
  const cipher = createCipheriv(
    'des-ede3-cbc',
    derive(password, salt, PURPOSE.key, 24),
    derive(password, salt, PURPOSE.iv, 8),
  )
  return {
    algorithm: sequence(oid(OID.tripleDes), sequence(octets(salt), integer(ITERATIONS))),
    encrypted: Buffer.concat([cipher.update(plain), cipher.final()]),
  }
}

const encryptCertificates = (ciphers: PfxCiphers, password: string, plain: Uint8Array): Encrypted => {
  if (ciphers === 'modern') return encryptPbes2(password, plain)
  const salt = randomBytes(8)
  // OpenSSL no longer has RC2.
  const cipher = forge.rc2.createEncryptionCipher(binary(derive(password, salt, PURPOSE.key, 5)), 40)
  cipher.start(binary(derive(password, salt, PURPOSE.iv, 8)))
  cipher.update(forge.util.createBuffer(binary(plain)))
  cipher.finish()
  return {
    algorithm: sequence(oid(OID.rc2of40Bits), sequence(octets(salt), integer(ITERATIONS))),
    encrypted: Buffer.from(cipher.output.getBytes(), 'latin1'),
  }
}

const encryptPbes2 = (password: string, plain: Uint8Array): Encrypted => {
  const salt = randomBytes(16)
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256'), iv)
  const derivation = sequence(
    oid(OID.pbkdf2),
    sequence(octets(salt), integer(ITERATIONS), sequence(oid(OID.hmacWithSha256), nothing)),
  )
  return {
    algorithm: sequence(oid(OID.pbes2), sequence(derivation, sequence(oid(OID.aes256Cbc), octets(iv)))),
    encrypted: Buffer.concat([cipher.update(plain), cipher.final()]),
  }
}

const macOf = (ciphers: PfxCiphers, password: string, content: Uint8Array): Der => {
  const hash = ciphers === 'modern' ? 'sha256' : 'sha1'
  const salt = randomBytes(8)
  const key = derive(password, salt, PURPOSE.mac, hash === 'sha256' ? 32 : 20, hash)
  const digest = createHmac(hash, key).update(content).digest()
  return sequence(sequence(sequence(oid(OID[hash]), nothing), octets(digest)), octets(salt), integer(ITERATIONS))
}

const derive = (
  password: string,
  salt: Uint8Array,
  purpose: number,
  length: number,
  hash: 'sha1' | 'sha256' = 'sha1',
): Buffer => {
  const made = forge.pkcs12.generateKey(
    password,
    forge.util.createBuffer(binary(salt)),
    purpose as 1 | 2 | 3,
    ITERATIONS,
    length,
    forge.md[hash].create(),
  )
  return Buffer.from(made.getBytes(), 'latin1')
}

// The library's bytes are text of one byte each.
const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
