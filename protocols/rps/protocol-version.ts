import { RPS_PROTOCOL_VERSION } from './envelope.ts'
import { rpsFaults } from './faults.ts'

const parse = (version: string): readonly number[] | undefined => {
  const parts = version.split('.')
  if (parts.length > 3 || parts.some((part) => !/^\d{1,9}$/.test(part))) return undefined
  return [...parts.map(Number), 0, 0].slice(0, 3)
}

/**
 * Whether a server of ours serves a client that says `version`: same major, and not newer than the server
 * (reference/rps.md 1.6). A client that says nothing is served. Throws `RPS_VERSION_UNSUPPORTED`.
 */
export const requireProtocolVersion = (version: string, ours: string = RPS_PROTOCOL_VERSION): void => {
  if (version === '') return
  const [theirMajor, theirMinor, theirRevision] = parse(version) ?? [-1, 0, 0]
  const [major, minor, revision] = parse(ours)!
  const compatible =
    theirMajor === major && (minor! > theirMinor! || (minor === theirMinor && revision! >= theirRevision!))
  if (!compatible) throw rpsFaults.RPS_VERSION_UNSUPPORTED({ version })
}
