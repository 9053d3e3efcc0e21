import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { SecretPath, SecretStore, SecretValues } from '@outrider/domain/ports'
import { secret } from '@outrider/protocols/values'

/** A certificate and its private key, both PEM. */
export interface KeyedCertificate {
  readonly certificate: string
  readonly key: string
}

/** Kinds of key a server certificate may have. */
export type LeafKey = 'ec-p256' | 'rsa-2048' | 'rsa-3072'

/** Whether a certificate's public key is of this kind. */
export const hasKey = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, key: LeafKey): boolean =>
  key === 'ec-p256'
    ? asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1'
    : asymmetricKeyType === 'rsa' && `rsa-${asymmetricKeyDetails?.modulusLength}` === key

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
