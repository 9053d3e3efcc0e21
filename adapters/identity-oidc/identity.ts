import type { Caller } from '@outrider/domain/identity'
import type { Clock, IdentityProvider } from '@outrider/domain/ports'
import { errors, type JWTPayload, jwtVerify } from 'jose'
import { callerOf } from './caller.ts'
import { faults } from './faults.ts'
import { KeySet } from './key-set.ts'
import type { KeySource } from './key-source.ts'
import { VerifiedTokens } from './verified-tokens.ts'

export interface OidcIdentityOptions {
  /** The `iss` a token must have. */
  readonly issuer: string
  /** The `aud` a token must have, or one of them. */
  readonly audience: string
  /** `keysAt(uri, fetch)`, or the keys of an issuer in the same process. */
  readonly keys: KeySource
  readonly clock: Clock
  /** How far the issuer's clock may be off. */
  readonly clockSkewSeconds?: number
  /** How many verified tokens are remembered. */
  readonly remembered?: number
  /** Keys are not read again sooner than this. */
  readonly keyRestSeconds?: number
}

// Signatures with public keys only: a token signed with the public key as HMAC secret, or not at all, has no chance.
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const LONGEST_TOKEN = 16_384
const KEY_PATIENCE_MILLISECONDS = 5_000

/** Verifies access tokens of an OIDC issuer, ours or another (reference/emf-code.md 1.6.1 for what to do better). */
export const createOidcIdentity = (options: OidcIdentityOptions): IdentityProvider => {
  const { issuer, audience, clock, clockSkewSeconds = 30, remembered = 4096, keyRestSeconds = 10 } = options
  const keySet = new KeySet(issuer, options.keys, clock, keyRestSeconds * 1000, KEY_PATIENCE_MILLISECONDS)
  const verified = new VerifiedTokens(remembered)

  const claimsOf = async (token: string): Promise<JWTPayload> => {
    const attempt = async () =>
      jwtVerify(token, await keySet.current(), {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: clockSkewSeconds,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp', 'sub'],
      })
    try {
      return (await attempt()).payload
    } catch (error) {
      // A key we do not know may be a new one: read again, unless that was just done.
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await keySet.refresh())) throw error
      return (await attempt()).payload
    }
  }

  return {
    async verify(token: string, signal: AbortSignal): Promise<Caller> {
      signal.throwIfAborted()
      const known = verified.get(token, clock.now())
      if (known !== undefined) return known
      if (token.length > LONGEST_TOKEN) throw faults.TOKEN_REFUSED({ reason: 'it is too long' })
      let claims: JWTPayload
      try {
        claims = await claimsOf(token)
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error
        throw faults.TOKEN_REFUSED({ reason: reasonOf(error) }, error)
      }
      const caller = callerOf(claims)
      if (caller === undefined) throw faults.TOKEN_REFUSED({ reason: 'it names nobody' })
      verified.put(token, caller, ((claims.exp ?? 0) + clockSkewSeconds) * 1000)
      return caller
    },
  }
}

const reasonOf = (error: errors.JOSEError): string => {
  if (error instanceof errors.JWTExpired) return 'it has expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim ${error.claim} is not what it must be`
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong'
  if (error instanceof errors.JWKSNoMatchingKey) return 'it is signed with a key this issuer does not have'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'it is signed with an algorithm that is not accepted'
  return 'it is not a token'
}
