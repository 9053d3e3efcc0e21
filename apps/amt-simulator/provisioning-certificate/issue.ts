import 'reflect-metadata'
import { createHash, randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto)

// A test authority and the certificate it gives a provisioning server (the firmware's rules for it: reference/
// amt-firmware.md 9.2).

const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1'
const SETUP_PURPOSE = '2.16.840.1.113741.1.2.3'
const SETUP_UNIT = 'Intel(R) Client Setup Certificate'
const DAY = 86_400_000

const rsa = (modulusLength: number) => ({
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength,
  publicExponent: Uint8Array.of(1, 0, 1),
  hash: 'SHA-256',
})

export interface LeafWish {
  readonly commonName: string
  readonly keyBits: number
  readonly days: number
  /**
   * What is wrong with it, or unusual:
   * - `expired`, `early`   its time is over, or has not come
   * - `wrong-purpose`      it is for servers, not for setting AMT up
   * - `unit`               marked by organisational unit, the old way, instead of by purpose
   */
  readonly kind: 'good' | 'expired' | 'early' | 'wrong-purpose' | 'unit'
}

/** A certificate with its private key. */
export interface Issued {
  readonly certificate: x509.X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
}

export const derOf = ({ certificate }: Issued): Uint8Array<ArrayBuffer> => new Uint8Array(certificate.rawData)

/** SHA-256 of a certificate, hexadecimal: what firmware keeps of a root it trusts. */
export const hashOf = (issued: Issued): string => createHash('sha256').update(derOf(issued)).digest('hex')

export const pkcs8Of = async ({ keys }: Issued): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))

/** 16 random bytes, positive. */
const serialNumber = (): string => {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x10
  return bytes.toString('hex')
}

const makeKeys = (bits: number): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(rsa(bits), true, ['sign', 'verify'])

export const makeRoot = async (name: string): Promise<Issued> => {
  const keys = await makeKeys(2048)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [name] }, { O: ['Outrider test authority'] }],
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + 3650 * DAY),
    signingAlgorithm: rsa(2048),
    keys,
    extensions: authorityExtensions,
  })
  return { certificate, keys }
}

/** A root that was made before, from its PEM files. Rejects where they are none. */
export const readRoot = async (certificatePem: string, keyPem: string): Promise<Issued> => {
  const certificate = new x509.X509Certificate(certificatePem)
  const [pkcs8] = x509.PemConverter.decode(keyPem)
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8!, rsa(2048), true, ['sign'])
  const publicKey = await certificate.publicKey.export(rsa(2048), ['verify'])
  return { certificate, keys: { privateKey, publicKey } }
}

export const makeIntermediate = async (issuer: Issued, name: string): Promise<Issued> => {
  const keys = await makeKeys(2048)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [name] }, { O: ['Outrider test authority'] }],
    issuer: issuer.certificate.subjectName,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + 1825 * DAY),
    signingAlgorithm: rsa(2048),
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    extensions: authorityExtensions,
  })
  return { certificate, keys }
}

export const makeLeaf = async (issuer: Issued, wish: LeafWish): Promise<Issued> => {
  const keys = await makeKeys(wish.keyBits)
  const purposes = wish.kind === 'wrong-purpose' || wish.kind === 'unit' ? [] : [SETUP_PURPOSE]
  const [notBefore, notAfter] = validityOf(wish)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [wish.commonName] }, ...(wish.kind === 'unit' ? [{ OU: [SETUP_UNIT] }] : [])],
    issuer: issuer.certificate.subjectName,
    notBefore,
    notAfter,
    signingAlgorithm: rsa(2048),
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([SERVER_AUTHENTICATION, ...purposes]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: wish.commonName }]),
    ],
  })
  return { certificate, keys }
}

const authorityExtensions = [
  new x509.BasicConstraintsExtension(true, undefined, true),
  new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
]

const validityOf = ({ kind, days }: LeafWish): readonly [Date, Date] => {
  const now = Date.now()
  const span = days * DAY
  if (kind === 'expired') return [new Date(now - span - DAY), new Date(now - DAY)]
  if (kind === 'early') return [new Date(now + DAY), new Date(now + DAY + span)]
  return [new Date(now - DAY), new Date(now + span)]
}
