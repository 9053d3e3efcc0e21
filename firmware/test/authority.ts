import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto)

/** A certificate and its private key, as TLS of Node takes them. */
export interface Issued {
  readonly der: Uint8Array<ArrayBuffer>
  readonly certPem: string
  readonly keyPem: string
}

export interface Authority extends Issued {
  issue(name: string, options?: LeafOptions): Promise<Issued>
}

export interface LeafOptions {
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** Only in the common name, as existing servers do, or as a subject alternative name. */
  readonly asAlternativeName?: boolean
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const days = (count: number) => count * 86_400_000

const pem = async (keys: webcrypto.CryptoKeyPair): Promise<string> =>
  x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')

/** A root of its own, for one test file; what it issues is for servers. */
export const createAuthority = async (name: string): Promise<Authority> => {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - days(365)),
    notAfter: new Date(Date.now() + days(3650)),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true)],
  })
  return {
    der: new Uint8Array(root.rawData),
    certPem: root.toString('pem'),
    keyPem: await pem(keys),
    issue: async (leafName, options = {}) => {
      const leafKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const leaf = await x509.X509CertificateGenerator.create({
        serialNumber: '02',
        subject: `CN=${leafName}`,
        issuer: root.subject,
        notBefore: options.notBefore ?? new Date(Date.now() - days(1)),
        notAfter: options.notAfter ?? new Date(Date.now() + days(365)),
        signingAlgorithm: algorithm,
        publicKey: leafKeys.publicKey,
        signingKey: keys.privateKey,
        extensions: options.asAlternativeName
          ? [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: leafName }])]
          : [],
      })
      return { der: new Uint8Array(leaf.rawData), certPem: leaf.toString('pem'), keyPem: await pem(leafKeys) }
    },
  }
}
