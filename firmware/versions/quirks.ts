import type { RootHashAlgorithm } from '../provisioning/certificate-chain.ts'

/** How one version of the firmware differs from the others (amt-firmware.md 15.1), as data. */
export interface Quirks {
  /** By which hashes a provisioning root is compared with the trusted ones. */
  readonly rootHashAlgorithms: readonly RootHashAlgorithm[]
}

const version16: Quirks = {
  rootHashAlgorithms: ['sha256', 'sha384'],
}

const byMajor: ReadonlyMap<number, Quirks> = new Map([[16, version16]])

/** The quirks of a firmware version such as `16.1.25`: of that major version, or the nearest known one below. */
export const quirksOf = (version: string): Quirks => byMajor.get(Number.parseInt(version, 10)) ?? version16
