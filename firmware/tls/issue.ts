import 'reflect-metadata'
import { KeyObject, webcrypto } from 'node:crypto'
import type { EpochMilliseconds } from '@outrider/protocols/values'
import * as x509 from '@peculiar/x509'
import type { KeptIdentity } from '../state/flash-state.ts'

// Certificates firmware makes itself (amt-firmware.md 4.6). Loaded by the versions that need one, when they do.

const DAY = 86_400_000
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
  hash: 'SHA-256',
}
const EC = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1'

const keysOf = (algorithm: typeof RSA | typeof EC): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>

const base64 = (certificate: x509.X509Certificate): string => Buffer.from(certificate.rawData).toString('base64')

const pkcs8 = ({ privateKey }: webcrypto.CryptoKeyPair): string =>
  KeyObject.from(privateKey).export({ format: 'der', type: 'pkcs8' }).toString('base64')

const serial = (): string =>
  Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
    .toString('hex')
    .replace(/^./, '1')

/** The certificate of a device nobody gave another: RSA-2048, its own issuer. */
export const makeSelfSigned = async (name: string, now: EpochMilliseconds): Promise<KeptIdentity> => {
  const keys = await keysOf(RSA)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [name] }],
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + 9000 * DAY),
    signingAlgorithm: RSA,
    keys,
    extensions: [new x509.ExtendedKeyUsageExtension([SERVER_AUTHENTICATION])],
  })
  return { chain: [base64(certificate)], key: pkcs8(keys), root: base64(certificate) }
}

/** Names of the chain burnt into the silicon, leaf first; what clients look for is in the first and the fourth. */
const ON_DIE = [
  { CN: ['AMT RCFG'] },
  { CN: ['CSME TCB RCFG CA'] },
  { CN: ['CSME Kernel CA'] },
  { CN: ['CSME ROM CA'] },
] as const
const ON_DIE_ROOT = [{ CN: ['Simulated OnDie CA Root'] }, { OU: ['ODCA 2 CSME P Simulated'] }]

/**
 * The chain a device shows before anybody has set it up. Its root is this device's own and is not sent: no
 * simulation can sign under the maker's.
 */
export const makeOnDieChain = async (): Promise<KeptIdentity> => {
  const validity = { notBefore: new Date('2019-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T23:59:59Z') }
  const rootKeys = await keysOf(EC)
  const authority = [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ]
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: ON_DIE_ROOT,
    ...validity,
    signingAlgorithm: EC,
    keys: rootKeys,
    extensions: authority,
  })
  const chain: x509.X509Certificate[] = []
  let issuer = { certificate: root, keys: rootKeys }
  for (const name of ON_DIE.toReversed()) {
    const keys = await keysOf(EC)
    const leaf = name === ON_DIE[0]
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: [{ CN: [...name.CN] }],
      issuer: issuer.certificate.subjectName,
      ...validity,
      signingAlgorithm: EC,
      publicKey: keys.publicKey,
      signingKey: issuer.keys.privateKey,
      extensions: leaf ? [new x509.ExtendedKeyUsageExtension([SERVER_AUTHENTICATION])] : authority,
    })
    chain.unshift(certificate)
    issuer = { certificate, keys }
  }
  return { chain: chain.map(base64), key: pkcs8(issuer.keys), root: base64(root) }
}
