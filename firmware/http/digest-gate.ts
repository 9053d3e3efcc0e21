import { createHash } from 'node:crypto'
import { type EpochMilliseconds, type Milliseconds, toBase64 } from '@outrider/protocols/values'
import {
  type DigestAuthorization,
  digestHa1,
  type HttpRequest,
  headerValue,
  type Md5,
  parseAuthorization,
  printChallenge,
  verifyDigest,
} from '@outrider/protocols/wsman'
import { audit } from '../audit/audit-log.ts'
import { ADMIN_USER, type Device, LOCAL_SYSTEM_USER } from '../device.ts'
import type { Caller } from '../wsman/model.ts'

export const md5: Md5 = (text) => createHash('md5').update(text, 'utf8').digest('hex')

export type Admission =
  | { readonly is: 'admitted'; readonly caller: Caller }
  /** Answered with 401; `delay` holds the answer back after too many wrong passwords. */
  | { readonly is: 'challenged'; readonly challenge: string; readonly delay: Milliseconds }

interface Nonce {
  readonly until: EpochMilliseconds
  readonly used: Set<number>
  highest: number
}

// Requests of one client may overtake each other: a counter this far behind the highest still counts.
const COUNTER_WINDOW = 64
/** Nonces kept: each 401 makes one, and a peer must not fill memory with them. */
const MAX_NONCES = 64

/** The device's side of HTTP digest (amt-firmware.md 5). Nonces belong to the realm, not to a connection. */
export class DigestGate {
  readonly #device: Device
  readonly #nonces = new Map<string, Nonce>()
  #realm: string
  #era: string
  #failures: EpochMilliseconds[] = []

  constructor(device: Device) {
    this.#device = device
    this.#realm = device.store.now.settings.digestRealm
    this.#era = eraOf(device)
  }

  /** Refuses whatever the request carries, as if its nonce had run out. */
  challenge(stale: boolean, delay: Milliseconds = 0): Admission {
    const { realm, nonce } = { realm: this.#currentRealm(), nonce: this.#newNonce() }
    return { is: 'challenged', challenge: printChallenge({ realm, nonce, stale }), delay }
  }

  /** Judges one request that came this way. */
  admit(request: HttpRequest, way: Caller['way']): Admission {
    const realm = this.#currentRealm()
    const field = headerValue(request, 'authorization')
    const proof = field === undefined ? undefined : parseAuthorization(field)
    // Without credentials, or with none of ours: no attempt at a password.
    if (proof === undefined || proof.realm !== realm) return this.challenge(false)
    const ha1 = this.#ha1(proof.username, way)
    const right =
      ha1 !== undefined &&
      proof.qop === 'auth' &&
      proof.uri === request.target &&
      verifyDigest(md5, ha1, request.method, proof)
    if (!right) return this.challenge(false, this.#failed())
    if (!this.#spend(proof)) return this.challenge(true)
    return { is: 'admitted', caller: { user: proof.username, way } }
  }

  // What was issued under another realm, control mode or administrator is worth nothing.
  #currentRealm(): string {
    const era = eraOf(this.#device)
    if (era !== this.#era) {
      this.#era = era
      this.#realm = this.#device.store.now.settings.digestRealm
      this.#nonces.clear()
    }
    return this.#realm
  }

  /** HA1 of an account that may come this way; `undefined` where there is none. */
  #ha1(user: string, way: Caller['way']): string | undefined {
    const { settings } = this.#device.store.now
    if (user === LOCAL_SYSTEM_USER) {
      if (way !== 'local') return undefined
      return digestHa1(md5, user, this.#realm, this.#device.volatile.localSystemPassword)
    }
    if (settings.provisioningState === 0) return undefined
    if (user === ADMIN_USER) return settings.adminHa1 ?? undefined
    const account = settings.users.find((each) => each.name === user && each.enabled)
    const permitted = account !== undefined && (account.access === 2 || account.access === (way === 'local' ? 0 : 1))
    return permitted ? account.ha1 : undefined
  }

  /** Uses the counter of a nonce up; `false` where the nonce is unknown or the counter was used. */
  #spend({ nonce, nc }: DigestAuthorization): boolean {
    const issued = this.#nonces.get(nonce)
    if (issued === undefined || issued.until <= this.#device.clock.now()) return false
    const count = Number.parseInt(nc ?? '', 16)
    if (!(count > issued.highest - COUNTER_WINDOW) || issued.used.has(count)) return false
    issued.used.add(count)
    if (count > issued.highest) {
      issued.highest = count
      for (const old of issued.used) if (old <= count - COUNTER_WINDOW) issued.used.delete(old)
    }
    return true
  }

  // A time word, zeros, then chance: 24 bytes, 32 characters.
  #newNonce(): string {
    const { clock, random, timing } = this.#device
    const bytes = new Uint8Array(24)
    new DataView(bytes.buffer).setUint32(0, Math.floor(clock.now() / 1000), true)
    bytes.set(random(12), 12)
    const nonce = toBase64(bytes)
    const oldest = this.#nonces.keys().next().value
    if (this.#nonces.size >= MAX_NONCES && oldest !== undefined) this.#nonces.delete(oldest)
    this.#nonces.set(nonce, { until: clock.now() + timing.nonceLife, used: new Set(), highest: 0 })
    return nonce
  }

  /** Counts a wrong password and says how long to hold the answer back. */
  #failed(): Milliseconds {
    const { clock, timing } = this.#device
    const now = clock.now()
    this.#failures = [...this.#failures.filter((at) => at > now - timing.lockoutWindow), now].slice(
      -timing.lockoutAfter,
    )
    if (this.#failures.length < timing.lockoutAfter) return 0
    this.#device.store.change((draft) => audit(draft, this.#device, 'invalidCredentials', 'local', Uint8Array.of(0)))
    return timing.lockoutDelay
  }
}

const eraOf = ({ store }: Device): string => {
  const { digestRealm, controlMode, adminHa1 } = store.now.settings
  return `${digestRealm} ${controlMode} ${adminHa1}`
}
