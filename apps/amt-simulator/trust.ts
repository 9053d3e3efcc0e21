import { readFileSync } from 'node:fs'
import { knownRootHashes, type TrustedHash } from '@outrider/firmware'
import { InvalidArgumentError } from 'commander'

// Roots a simulated machine trusts besides those it was delivered with: files that `make-provisioning-cert` wrote.

/** Most root hashes an engine lists. */
const LIMIT = 33

/** The text of such a file. */
export const printTrust = (hashes: readonly TrustedHash[]): string =>
  `${JSON.stringify({ trustedHashes: hashes }, null, 2)}\n`

/** Reads one more file; throws commander's `InvalidArgumentError` where it is none. */
export const collectTrust = (path: string, before: readonly string[]): readonly string[] => {
  readTrust(path)
  return [...before, path]
}

const readTrust = (path: string): readonly TrustedHash[] => {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new InvalidArgumentError(`${path} cannot be read as JSON.`)
  }
  const listed = (content as { readonly trustedHashes?: unknown } | null)?.trustedHashes
  if (!Array.isArray(listed) || !listed.every(isTrustedHash))
    throw new InvalidArgumentError(`${path} lists no trusted hashes; make one with make-provisioning-cert.`)
  return listed.map(({ name, hash, isActive, isDefault }) => ({ name, hash, isActive, isDefault }))
}

const isTrustedHash = (value: unknown): value is TrustedHash => {
  if (typeof value !== 'object' || value === null) return false
  const { name, hash, isActive, isDefault } = value as Readonly<Record<string, unknown>>
  return (
    typeof name === 'string' &&
    typeof hash === 'string' &&
    /^([0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96})$/i.test(hash) &&
    typeof isActive === 'boolean' &&
    typeof isDefault === 'boolean'
  )
}

/** What a machine trusts with these files: first what they list, then what every machine does. */
export const trustedHashesOf = (files: readonly string[]): readonly TrustedHash[] =>
  [...files.flatMap(readTrust), ...knownRootHashes].slice(0, LIMIT)
