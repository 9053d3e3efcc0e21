// Loaded only when a certificate is made: the X.509 library costs 9 MiB and 140 ms.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import type { Random } from '@outrider/domain/ports'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { KeyedCertificate, LeafKey } from './keyed-certificate.ts'

// The newest firmware refuses SHA-256, and a root of less than 3072 bits (reference/mps.md 1.1).
const SIGNATURE = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' }
const rsa = (modulusLength: number) => ({ ...SIGNATURE, modulusLength, publicExponent: new Uint8Array([1, 0, 1]) })
const ROOT_KEY = rsa(3072)
const LEAF_KEYS: Readonly<Record<LeafKey, RsaHashedKeyGenParams | EcKeyGenParams>> = {
  'ec-p256': { name: 'ECDSA', namedCurve: 'P-256' },
  'rsa-2048': rsa(2048),
  'rsa-3072': rsa(3072),
}
type RsaHashedKeyGenParams = webcrypto.RsaHashedKeyGenParams
type EcKeyGenParams = webcrypto.EcKeyGenParams
const DAY = 24 * 3600 * 1000
// Devices keep poor time: a certificate is good from a year ago on.
const BACKDATED = 365 * DAY
// Ends before 2050, where certificates change their way of writing dates.
const AUTHORITY_LIFE = 20 * 365 * DAY
const SERVER_LIFE = 397 * DAY

/** A new certificate authority: RSA-3072, SHA-384, self-signed. */
export const issueAuthority = async (now: number, random: Random): Promise<KeyedCertificate> => {
  cryptoProvider.set(webcrypto)
  const keys = await newKeys(ROOT_KEY)
  const serial = serialNumber(random)
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial,
    // The number tells authorities of several deployments apart in a device's list of trusted roots.
    name: `CN=Outrider Root ${serial.slice(0, 8)}, O=Outrider`,
    notBefore: new Date(now - BACKDATED),
    notAfter: new Date(now + AUTHORITY_LIFE),
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: certificate.toString('pem'), key: await pemOf(keys.privateKey) }
}

/** A server certificate for these names and addresses; the first one is also the common name, which AMT compares. */
export const issueServer = async (
  authority: KeyedCertificate,
  names: readonly [string, ...string[]],
  key: LeafKey,
  now: number,
  random: Random,
): Promise<KeyedCertificate> => {
  cryptoProvider.set(webcrypto)
  const root = new X509Certificate(authority.certificate)
  const rootKey = await webcrypto.subtle.importKey('pkcs8', derOf(authority.key), SIGNATURE, false, ['sign'])
  const keys = await newKeys(LEAF_KEYS[key])
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(random),
    subject: `CN=${names[0].replace(/([,+"\\<>;=#])/g, '\\$1')}`,
    issuer: root.subject,
    notBefore: new Date(Math.max(now - BACKDATED, root.notBefore.getTime())),
    notAfter: new Date(Math.min(now + SERVER_LIFE, root.notAfter.getTime())),
    signingAlgorithm: SIGNATURE,
    publicKey: keys.publicKey,
    signingKey: rootKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      // TLS 1.2 with RSA key exchange, which old firmware uses, needs keyEncipherment.
      new KeyUsagesExtension(
        key === 'ec-p256'
          ? KeyUsageFlags.digitalSignature
          : KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
        true,
      ),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => (isIP(value) === 0 ? { type: 'dns', value } : { type: 'ip', value })),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  })
  return { certificate: certificate.toString('pem'), key: await pemOf(keys.privateKey) }
}

const newKeys = (key: RsaHashedKeyGenParams | EcKeyGenParams) =>
  webcrypto.subtle.generateKey(key, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>

/** 16 random bytes, positive and without a leading zero digit. */
const serialNumber = (random: Random): string => {
  const bytes = Uint8Array.from(random.bytes(16))
  bytes[0] = 0x10 + (bytes[0]! % 0x60)
  return Buffer.from(bytes).toString('hex')
}

const pemOf = async (key: webcrypto.CryptoKey): Promise<string> => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}

const derOf = (pem: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'))
