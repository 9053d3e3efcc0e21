import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { SecretPath, SecretStore, SecretValues } from '@outrider/domain/ports'
import { secret } from '@outrider/protocols/values'

/** A certificate and its private key, both PEM. */
export interface KeyedCertificate {
  readonly certificate: string
  readonly key: string
}

export const toValues = ({ certificate, key }: KeyedCertificate): SecretValues => ({
  certificate: secret(certificate),
  key: secret(key),
})

/** What is stored at `path`: `undefined` where nothing is, `'unreadable'` where it is not a pair that fits. */
export const stored = async (
  secrets: SecretStore,
  path: SecretPath,
  signal: AbortSignal,
): Promise<KeyedCertificate | 'unreadable' | undefined> => {
  const values = (await secrets.get(path, signal)).promoted?.values
  if (values === undefined) return undefined
  const certificate = values.certificate?.reveal()
  const key = values.key?.reveal()
  if (certificate === undefined || key === undefined) return 'unreadable'
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : 'unreadable'
  } catch {
    return 'unreadable'
  }
}
