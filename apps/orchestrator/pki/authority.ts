import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { Clock, Random, SecretPath, SecretStore } from '@outrider/domain/ports'
import { faults } from './faults.ts'
import { hasKey, type KeyedCertificate, type LeafKey, stored, toValues } from './keyed-certificate.ts'

export interface AuthorityOptions {
  readonly secrets: SecretStore
  readonly clock: Clock
  readonly random: Random
  /** Where the public certificate of the authority is kept for people and nodes. */
  readonly file: string
  /** The name nodes and devices use; a DNS name or an IP address. */
  readonly publicHost: string
  /** Key of the certificate devices are shown; `rsa-2048` where nothing else is said. */
  readonly ciraKey?: LeafKey
}

/** The deployment's own certificate authority and the two server certificates it issues to itself. */
export interface Authority {
  /** PEM; public. */
  readonly certificate: string
  /** What the API presents now. Changes when it is renewed. */
  server(): KeyedCertificate
  /** What devices are shown now. */
  cira(): KeyedCertificate
  /** Called after either was renewed, until disposed. */
  onRenewed(listener: () => void): Disposable
  /** Renews what is about to end. */
  renewIfDue(signal: AbortSignal): Promise<'renewed' | 'kept'>
}

const CA: SecretPath = { kind: 'system', name: 'ca' }
const RENEWED_BEFORE_THE_END = 30 * 24 * 3600 * 1000

/**
 * Reads the authority, or makes it at the very first start. Throws `CA_MISSING`, `CA_UNREADABLE`, `CA_CHANGED`
 * and what the secret store throws: devices trust this authority only, so another one is never made silently.
 */
export const openAuthority = async (options: AuthorityOptions, signal: AbortSignal): Promise<Authority> => {
  const { secrets, clock, random, file } = options
  const names = serverNames(options.publicHost)
  const ca = await openCa(options, signal)
  const root = new X509Certificate(ca.certificate)
  const listeners = new Set<() => void>()

  const due = (kept: KeyedCertificate, key: LeafKey): boolean => {
    const leaf = new X509Certificate(kept.certificate)
    return (
      leaf.validToDate.getTime() - clock.now() < RENEWED_BEFORE_THE_END ||
      !leaf.verify(root.publicKey) ||
      !hasKey(leaf.publicKey, key) ||
      leaf.subject !== `CN=${names[0]}` ||
      names.some((name) => (isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name)) === undefined)
    )
  }
  /** A certificate this deployment issues to itself: unlike the authority, it can be made again at any time. */
  const openLeaf = async (name: 'server' | 'cira', key: LeafKey) => {
    const path: SecretPath = { kind: 'system', name }
    const renew = async (until: AbortSignal): Promise<KeyedCertificate> => {
      const { issueServer } = await import('./issue.ts')
      const made = await issueServer(ca, names, key, clock.now(), random)
      await secrets.put(path, toValues(made), undefined, until)
      return made
    }
    const kept = await stored(secrets, path, signal)
    let now = kept === undefined || kept === 'unreadable' || due(kept, key) ? await renew(signal) : kept
    return {
      now: () => now,
      async renewIfDue(until: AbortSignal): Promise<boolean> {
        if (!due(now, key)) return false
        now = await renew(until)
        return true
      },
    }
  }

  // A signature costs the server 0.03 ms with this key and 1.6 ms with RSA-3072; everything that speaks to the API takes it.
  const server = await openLeaf('server', 'ec-p256')
  const cira = await openLeaf('cira', options.ciraKey ?? 'rsa-2048')
  await keepPublicCopy(file, ca.certificate)

  return {
    certificate: ca.certificate,
    server: server.now,
    cira: cira.now,
    onRenewed(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => listeners.delete(listener) }
    },
    async renewIfDue(until) {
      let renewed = false
      try {
        for (const leaf of [server, cira]) if (await leaf.renewIfDue(until)) renewed = true
      } finally {
        // One that was made is shown, whatever becomes of the other.
        if (renewed) for (const listener of listeners) listener()
      }
      return renewed ? 'renewed' : 'kept'
    },
  }
}

const openCa = async (options: AuthorityOptions, signal: AbortSignal): Promise<KeyedCertificate> => {
  const { secrets, clock, random, file } = options
  const before = await readFile(file, 'utf8').catch(() => undefined)
  const ca = await stored(secrets, CA, signal)
  if (ca === 'unreadable') throw faults.CA_UNREADABLE()
  if (ca !== undefined) {
    if (before !== undefined && !sameCertificate(before, ca.certificate)) throw faults.CA_CHANGED({ file })
    return ca
  }
  if (before !== undefined) throw faults.CA_MISSING({ file })
  const { issueAuthority } = await import('./issue.ts')
  const made = await issueAuthority(clock.now(), random)
  if ((await secrets.put(CA, toValues(made), 0, signal)) !== 'stale') return made
  const theirs = await stored(secrets, CA, signal)
  if (theirs === undefined || theirs === 'unreadable') throw faults.CA_UNREADABLE()
  return theirs
}

/** The public host first; then the names by which this machine reaches itself. */
const serverNames = (publicHost: string): [string, ...string[]] => [
  publicHost,
  ...['localhost', '127.0.0.1', '::1'].filter((name) => name !== publicHost),
]

const sameCertificate = (pem: string, other: string): boolean => {
  try {
    return new X509Certificate(pem).fingerprint256 === new X509Certificate(other).fingerprint256
  } catch {
    return false
  }
}

const keepPublicCopy = async (file: string, certificate: string): Promise<void> => {
  if ((await readFile(file, 'utf8').catch(() => undefined)) === undefined)
    await writeFile(file, certificate, { mode: 0o644 })
}
