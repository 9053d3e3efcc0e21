import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random, SecretPath, SecretStore, SecretValues } from '@outrider/domain/ports'
import { secret, toBase64 } from '@outrider/protocols/values'
import type { JSONWebKeySet, JWK } from 'jose'
import { faults } from './faults.ts'

const PATH: SecretPath = { kind: 'system', name: 'issuer-keys' }
/** RS256 with 2048 bits is what clients of existing identity providers expect. */
const MODULUS_BITS = 2048

export interface SigningKeys {
  /** Private; the first one signs. */
  readonly jwks: JSONWebKeySet
  /** Of the issuer's cookies. */
  readonly cookieKeys: readonly string[]
}

/**
 * The keys of this issuer, made at the very first start. Throws `ISSUER_KEYS_MISSING` where there is none but
 * `inUse` says that tokens were signed already, `ISSUER_KEYS_UNREADABLE`, and what the secret store throws.
 */
export const signingKeys = async (
  secrets: SecretStore,
  random: Random,
  inUse: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<SigningKeys> => {
  const stored = (await secrets.get(PATH, signal)).promoted
  if (stored !== undefined) return read(stored.values)
  if (await inUse()) throw faults.ISSUER_KEYS_MISSING()
  const written = await secrets.put(PATH, await generate(random), 0, signal)
  if (written !== 'stale') return read(written.values)
  const theirs = (await secrets.get(PATH, signal)).promoted
  if (theirs === undefined) throw faults.ISSUER_KEYS_UNREADABLE()
  return read(theirs.values)
}

/** The part of the keys that anybody may know. */
export const publicKeys = (keys: SigningKeys): JSONWebKeySet => ({
  keys: keys.jwks.keys.map(({ kty, kid, alg, use, n, e }) => ({ kty, kid, alg, use, n, e }) as JWK),
})

const generate = async (random: Random): Promise<SecretValues> => {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS })
  const kid = Buffer.from(random.bytes(12)).toString('base64url')
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }
  return { jwks: secret(JSON.stringify({ keys: [jwk] })), cookies: secret(toBase64(random.bytes(32))) }
}

const read = (values: SecretValues): SigningKeys => {
  const cookies = values.cookies?.reveal()
  const text = values.jwks?.reveal()
  if (cookies === undefined || text === undefined) throw faults.ISSUER_KEYS_UNREADABLE()
  try {
    const jwks = JSON.parse(text) as JSONWebKeySet
    if (jwks.keys.length === 0 || jwks.keys.some((key) => key.kty !== 'RSA' || key.d === undefined)) throw undefined
    return { jwks, cookieKeys: [cookies] }
  } catch (error) {
    throw faults.ISSUER_KEYS_UNREADABLE({}, error)
  }
}
