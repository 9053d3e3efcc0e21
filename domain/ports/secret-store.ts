import type { Guid, Secret } from '@outrider/protocols/values'
import type { ProjectId } from '../identity/index.ts'

/** Where a secret belongs; the adapter maps it to its own layout (reference/mps.md 5.3, rps.md 4.2). */
export type SecretPath =
  | { readonly kind: 'device'; readonly project: ProjectId; readonly guid: Guid }
  | { readonly kind: 'cira-config'; readonly project: ProjectId; readonly name: string }
  | { readonly kind: 'profile'; readonly project: ProjectId; readonly name: string }
  | { readonly kind: 'domain'; readonly project: ProjectId; readonly name: string }
  /** Of the deployment itself: `mps-ca`, `issuer-keys` ... */
  | { readonly kind: 'system'; readonly name: string }

export type SecretValues = Readonly<Record<string, Secret>>

/** Keys of a device's secret (reference/mps.md 5.3). */
export const deviceSecretKeys = {
  amt: 'AMT_PASSWORD',
  mebx: 'MEBX_PASSWORD',
  mps: 'MPS_PASSWORD',
} as const

export interface SecretVersion {
  readonly values: SecretValues
  /** Grows with each write to the path; for compare-and-set and for caches. */
  readonly version: number
}

export interface StoredSecret {
  /** What is known to be true. */
  readonly promoted?: SecretVersion
  /** Written ahead of telling the device; true if the device was told. */
  readonly pending?: SecretVersion
}

/**
 * Absence of a secret is a failure, never a match. Throws `SECRETS_UNAVAILABLE` where the store is away and
 * `SECRETS_UNREADABLE` where it cannot be opened.
 */
export interface SecretStore {
  get(path: SecretPath, signal: AbortSignal): Promise<StoredSecret>
  /** Writes ahead: replaces what was pending, leaves what is promoted. Durable before it returns. */
  writePending(path: SecretPath, values: SecretValues, signal: AbortSignal): Promise<SecretVersion>
  /** Makes the pending version the promoted one. `'stale'` where another version is pending by now. */
  promote(path: SecretPath, version: number, signal: AbortSignal): Promise<'promoted' | 'stale'>
  /** Writes and promotes at once. `expected` 0 = must not exist; absent = whatever is there. */
  put(
    path: SecretPath,
    values: SecretValues,
    expected: number | undefined,
    signal: AbortSignal,
  ): Promise<SecretVersion | 'stale'>
  delete(path: SecretPath, signal: AbortSignal): Promise<void>
  /** Everything of a project, when the project goes. */
  deleteProject(project: ProjectId, signal: AbortSignal): Promise<void>
  health(signal: AbortSignal): Promise<'ok' | 'away'>
}
