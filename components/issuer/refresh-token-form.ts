import { toBase64, utf8 } from '@outrider/protocols/values'

export interface RefreshTokenFacts {
  readonly issuer: string
  readonly clientId: string
  readonly accountId: string
  readonly issuedAtSeconds: number
  readonly expiresAtSeconds: number
  /** 256 random bits: the only part that matters to us. */
  readonly random: Uint8Array
}

/**
 * The text of a refresh token. To us it is opaque: it is found by its hash or not at all. Existing clients
 * decode it without verifying and look at `typ`, `azp` and `iss` (reference/emf-code.md 4.2), so it looks
 * like a token; no key signs it and no verifier accepts it.
 */
export const refreshTokenText = (facts: RefreshTokenFacts): string => {
  const header = { alg: 'HS512', typ: 'JWT' }
  const claims = {
    exp: facts.expiresAtSeconds,
    iat: facts.issuedAtSeconds,
    iss: facts.issuer,
    aud: facts.issuer,
    sub: facts.accountId,
    typ: 'Refresh',
    azp: facts.clientId,
  }
  return `${part(utf8(JSON.stringify(header)))}.${part(utf8(JSON.stringify(claims)))}.${part(facts.random)}`
}

const part = (bytes: Uint8Array): string => toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
