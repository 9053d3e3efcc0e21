import { createHash } from 'node:crypto'
import { type Guid, toHex } from '@outrider/protocols/values'
import { type Random, randomGuid, seededRandom } from './random.ts'
import { quirksOf, usualVersion } from './versions/quirks.ts'

/** What the silicon can do: `amt` full vPro, `ism` Standard Manageability, `none` a consumer machine. */
export type Sku = 'amt' | 'ism' | 'none'

/** A certificate the firmware trusts to sign a provisioning chain. */
export interface TrustedHash {
  readonly name: string
  /** Hexadecimal; the length says the algorithm: 40 SHA-1, 64 SHA-256, 96 SHA-384. */
  readonly hash: string
  readonly isDefault: boolean
  readonly isActive: boolean
}

/** What is fixed for one machine (amt-firmware.md 2.1). */
export interface Identity {
  /** What the management engine reports as its UUID. May differ from `smbiosUuid`. */
  readonly uuid: Guid
  readonly smbiosUuid: Guid
  readonly serial: string
  readonly version: string
  readonly build: string
  readonly sku: Sku
  /** Six bytes each, as hexadecimal pairs with colons. A wireless address of zeros: no wireless adapter. */
  readonly wiredMac: string
  readonly wirelessMac: string
  readonly manufacturer: string
  readonly model: string
  readonly biosVersion: string
  readonly biosDate: string
  /** PKI DNS suffix as set in the engine's own menu; empty: none. */
  readonly pkiDnsSuffix: string
  readonly trustedHashes: readonly TrustedHash[]
}

/** Decimal text of the `Sku` code version (amt-firmware.md 15.2). */
export const skuNumber: Readonly<Record<Sku, string>> = { amt: '16392', ism: '16400', none: '0' }

const wellKnownHash = (name: string): TrustedHash => ({
  name,
  // The names are the field's; the hashes are made up, so nobody's real root is trusted by a simulation.
  hash: createHash('sha256').update(`outrider simulated root ${name}`).digest('hex'),
  isDefault: true,
  isActive: true,
})

/** What every machine trusts as it is delivered. */
export const knownRootHashes: readonly TrustedHash[] = [
  'Go Daddy Class 2 CA',
  'DigiCert Global Root G2',
  'Entrust Root CA - G2',
].map(wellKnownHash)

const mac = (random: Random): string => {
  const bytes = random(6)
  bytes[0] = (bytes[0]! & 0xfc) | 0x02 // locally administered, unicast
  return toHex(bytes).match(/../g)!.join(':')
}

/** An identity in which everything not given follows from `serial`, so the same serial is the same machine. */
export const makeIdentity = (given: Partial<Identity> & { readonly serial: string }): Identity => {
  const random = seededRandom(`machine ${given.serial}`)
  const version = given.version ?? usualVersion.version
  const smbiosUuid = given.smbiosUuid ?? given.uuid ?? randomGuid(random)
  return {
    uuid: smbiosUuid,
    version,
    build: quirksOf(version).build,
    sku: 'amt',
    wiredMac: mac(random),
    wirelessMac: '00:00:00:00:00:00',
    manufacturer: 'Intel(R) Client Systems',
    model: 'NUC12WSHi7',
    biosVersion: 'WSADL357.0085.2022.0718.1739',
    biosDate: '2022-07-18T00:00:00Z',
    pkiDnsSuffix: 'vprodemo.com',
    trustedHashes: knownRootHashes,
    ...given,
    smbiosUuid,
  }
}

/** The version as the HTTP `Server` header shows it: some versions with the build as fourth part. */
export const serverVersion = ({ version, build }: Identity): string =>
  quirksOf(version).serverVersionParts === 3 ? version : `${version}.${build}`
