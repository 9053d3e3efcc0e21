import { hash, randomBytes } from 'node:crypto'
import type { Secret } from '@outrider/protocols/values'
import {
  authorize,
  type DigestChallenge,
  digestHa1,
  digestHa2,
  type HttpResponse,
  headerValues,
  type Md5,
  parseChallenge,
  printAuthorization,
} from '@outrider/protocols/wsman'

export interface Credentials {
  readonly username: string
  readonly password: Secret
}

export const md5: Md5 = (text) => hash('md5', text)

// All requests are alike in this.
const REQUEST = { method: 'POST', uri: '/wsman', ha2: digestHa2(md5, 'POST', '/wsman') } as const

/** Proof of one request, and what it was made from. */
export interface Proof {
  /** Value of the `Authorization` field. */
  readonly field: string
  readonly nonce: string
}

/**
 * The digest of one device: keeps the last nonce for all requests, whatever connection they go over, and counts them
 * (reference/amt-firmware.md 5). HA1 is computed once per realm.
 */
export class DigestClient {
  #credentials: Credentials
  #challenge: DigestChallenge | undefined
  #count = 0
  #cnonce = ''
  #ha1: { readonly realm: string; readonly value: string } | undefined

  constructor(credentials: Credentials) {
    this.#credentials = credentials
  }

  get username(): string {
    return this.#credentials.username
  }

  /** From the next request on. The nonce stays: it belongs to the device, not to a user. */
  use(credentials: Credentials): void {
    this.#credentials = credentials
    this.#ha1 = undefined
  }

  /** Proof for the next request; `undefined` before the first challenge. */
  next(): Proof | undefined {
    const challenge = this.#challenge
    if (challenge === undefined) return undefined
    const { username, password } = this.#credentials
    if (this.#ha1?.realm !== challenge.realm)
      this.#ha1 = { realm: challenge.realm, value: digestHa1(md5, username, challenge.realm, password.reveal()) }
    this.#count++
    const proof = authorize(md5, challenge, { username, ha1: this.#ha1.value }, REQUEST, this.#count, this.#cnonce)
    return { field: printAuthorization(proof), nonce: challenge.nonce }
  }

  /**
   * Takes the challenge out of a 401. `undefined` where it has none that can be answered. A challenge that another
   * request brought already changes nothing.
   */
  challenged(response: HttpResponse): DigestChallenge | undefined {
    for (const value of headerValues(response, 'www-authenticate')) {
      const challenge = parseChallenge(value)
      if (challenge === undefined) continue
      if (this.#challenge?.nonce !== challenge.nonce) {
        this.#challenge = challenge
        this.#count = 0
        this.#cnonce = randomBytes(4).toString('hex')
      }
      return challenge
    }
    return undefined
  }
}
