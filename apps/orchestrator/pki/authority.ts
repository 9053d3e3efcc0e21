import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { Clock, Random, SecretPath, SecretStore } from '@outrider/domain/ports'
import { faults } from './faults.ts'
import { type KeyedCertificate, stored, toValues } from './keyed-certificate.ts'

export interface AuthorityOptions {
  readonly secrets: SecretStore
  readonly clock: Clock
  readonly random: Random
  /** Where the public certificate of the authority is kept for people and nodes. */
  readonly file: string
  /** The name nodes and devices use; a DNS name or an IP address. */
  readonly publicHost: string
}

/** The deployment's own certificate authority and the one server certificate it issues to itself. */
export interface Authority {
  /** PEM; public. */
  readonly certificate: string
  /** What servers present now. Changes when it is renewed. */
  server(): KeyedCertificate
  /** Called with each new server certificate until disposed. */
  onRenewed(listener: (server: KeyedCertificate) => void): Disposable
  /** Renews the server certificate where it is about to end. */
  renewIfDue(signal: AbortSignal): Promise<'renewed' | 'kept'>
}

const CA: SecretPath = { kind: 'system', name: 'ca' }
const SERVER: SecretPath = { kind: 'system', name: 'server' }
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
  const listeners = new Set<(server: KeyedCertificate) => void>()

  const due = (server: KeyedCertificate): boolean => {
    const leaf = new X509Certificate(server.certificate)
    return (
      leaf.validToDate.getTime() - clock.now() < RENEWED_BEFORE_THE_END ||
      !leaf.verify(root.publicKey) ||
      leaf.subject !== `CN=${names[0]}` ||
      names.some((name) => (isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name)) === undefined)
    )
  }
  const renew = async (until: AbortSignal): Promise<KeyedCertificate> => {
    const { issueServer } = await import('./issue.ts')
    const server = await issueServer(ca, names, clock.now(), random)
    await secrets.put(SERVER, toValues(server), undefined, until)
    return server
  }

  // Unlike the authority, its server certificate can be made again at any time.
  const kept = await stored(secrets, SERVER, signal)
  let server = kept === undefined || kept === 'unreadable' || due(kept) ? await renew(signal) : kept
  await keepPublicCopy(file, ca.certificate)

  return {
    certificate: ca.certificate,
    server: () => server,
    onRenewed(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => listeners.delete(listener) }
    },
    async renewIfDue(until) {
      if (!due(server)) return 'kept'
      server = await renew(until)
      for (const listener of listeners) listener(server)
      return 'renewed'
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
