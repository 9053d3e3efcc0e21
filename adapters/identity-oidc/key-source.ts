import type { JSONWebKeySet } from 'jose'

/** Where the public keys of the issuer come from. Throws whatever it likes where they cannot be had. */
export type KeySource = (signal: AbortSignal) => Promise<JSONWebKeySet>

const LARGEST_KEY_SET = 1_000_000

/**
 * Keys of an issuer elsewhere, by its `jwks_uri`. `fetch` is handed in so that a deployment can say which
 * certificate authority it trusts.
 */
export const keysAt =
  (jwksUri: string, fetchKeys: typeof fetch): KeySource =>
  async (signal) => {
    const answer = await fetchKeys(jwksUri, { signal, redirect: 'error', headers: { accept: 'application/json' } })
    if (!answer.ok) throw new Error(`${jwksUri} answered ${answer.status}`)
    const body = await answer.text()
    if (body.length > LARGEST_KEY_SET) throw new Error(`${jwksUri} answered ${body.length} characters`)
    return JSON.parse(body) as JSONWebKeySet
  }
