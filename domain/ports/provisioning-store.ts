import type { EpochMilliseconds, FaultRecord, Guid } from '@outrider/protocols/values'
import type { ControlMode } from '../hosts/index.ts'
import type { ProjectId } from '../identity/index.ts'
import type { OperationStep } from '../operations/index.ts'

/** Where and how a device dials home (reference/rps.md 3.3). The MPS password, where fixed, is a secret of its own. */
export interface CiraConfig {
  readonly project: ProjectId
  readonly name: string
  readonly mpsAddress: string
  readonly mpsPort: number
  readonly username: string
  readonly commonName: string
  /** 3 IPv4, 4 IPv6, 201 FQDN. */
  readonly addressFormat: 3 | 4 | 201
  /** 1 mutual TLS, 2 username and password. */
  readonly authMethod: 1 | 2
  /** base64 DER without armour; empty = the root of our own MPS at the time of activation. */
  readonly mpsRootCertificate: string
  readonly proxyDetails: string
  /** A fixed MPS password is in the secret store; else it is random per device. */
  readonly fixedPassword: boolean
  /** Version of the secret that belongs to this row; absent where it has none. */
  readonly secretVersion?: number
  readonly version: number
}

/** How to activate (reference/rps.md 3.5). */
export interface AmtProfile {
  readonly project: ProjectId
  readonly name: string
  readonly activation: 'ccmactivate' | 'acmactivate'
  readonly generateRandomPassword: boolean
  readonly generateRandomMebxPassword: boolean
  readonly ciraConfigName?: string
  readonly tags: readonly string[]
  readonly dhcpEnabled: boolean
  readonly ipSyncEnabled: boolean
  readonly localWifiSyncEnabled: boolean
  readonly uefiWifiSyncEnabled: boolean
  readonly userConsent: 'None' | 'KVM' | 'All'
  readonly iderEnabled: boolean
  readonly kvmEnabled: boolean
  readonly solEnabled: boolean
  readonly tlsMode?: 0 | 1 | 2 | 3 | 4
  readonly tlsSigningAuthority?: string
  /** Version of the secret (fixed passwords) that belongs to this row; absent where it has none. */
  readonly secretVersion?: number
  readonly version: number
}

/**
 * A provisioning certificate and the DNS suffix it is for (reference/rps.md 3.4). Certificate, key and password
 * are in the secret store under `domain`: `domainSecretKeys`.
 */
export interface DomainProfile {
  readonly project: ProjectId
  readonly name: string
  /** As it was given; compared without case. */
  readonly suffix: string
  /** A word of existing clients; nothing depends on it. */
  readonly storageFormat: 'raw' | 'string'
  /** When the first certificate of the chain expires. */
  readonly expiresAt: EpochMilliseconds
  /** Who issued it in the end, for people. */
  readonly rootName: string
  /** Hashes of the root certificate, lower-case hexadecimal, as firmware lists what it trusts. */
  readonly rootHashes: { readonly sha1: string; readonly sha256: string; readonly sha384: string }
  /** Version of the secret that belongs to this row. */
  readonly secretVersion: number
  readonly version: number
}

/** Keys of a domain's secret (reference/rps.md 4.2): a PKCS#12 file in base64, and what opens it. */
export const domainSecretKeys = { certificate: 'CERT', password: 'CERT_PASSWORD' } as const
/** Keys of a CIRA config's secret. */
export const ciraConfigSecretKeys = { mps: 'MPS_PASSWORD' } as const
/** Keys of a profile's secret: only those of its passwords that are not random. */
export const profileSecretKeys = { amt: 'AMT_PASSWORD', mebx: 'MEBX_PASSWORD' } as const

/** Admits one activation or deactivation of one host (architecture 9). */
export interface Ticket {
  readonly id: string
  readonly project: ProjectId
  /** SHA-256 of the alias, lower-case hexadecimal; the alias itself is not stored. */
  readonly aliasHash: string
  readonly purpose: 'activate' | 'deactivate'
  readonly hostId: string
  readonly operationId: string
  readonly profileName: string
  readonly controlMode: ControlMode
  /** SMBIOS UUID of the host. */
  readonly hostUuid?: Guid
  readonly expiresAt: EpochMilliseconds
  /** `open` until a device presents the alias, which takes it at once. */
  readonly state: 'open' | 'running' | 'succeeded' | 'failed' | 'revoked'
  /** The device that may use it, where known beforehand; else the one that did. */
  readonly amtGuid?: Guid
  readonly reachedMode?: ControlMode
  /** Whether CIRA was configured, so that a tunnel is to be expected. */
  readonly cira?: boolean
  readonly steps: readonly OperationStep[]
  readonly fault?: FaultRecord
}

export interface ProvisioningStore {
  readonly ciraConfigs: Catalogue<CiraConfig>
  readonly profiles: Catalogue<AmtProfile>
  /** A suffix may have several, each with another root: a second with the same root is a duplicate. */
  readonly domains: Catalogue<DomainProfile> & {
    /** All that are for one of `suffixes`, whatever their case. */
    bySuffix(project: ProjectId, suffixes: readonly string[], signal: AbortSignal): Promise<readonly DomainProfile[]>
    /** Of every project: what expires before `before`. For the service's own warnings. */
    expiring(before: EpochMilliseconds, signal: AbortSignal): Promise<readonly DomainProfile[]>
  }
  readonly tickets: {
    insert(ticket: Ticket, signal: AbortSignal): Promise<void>
    get(project: ProjectId, id: string, signal: AbortSignal): Promise<Ticket | undefined>
    /** Takes an open, unexpired ticket: state `running`. Whoever comes second gets `undefined`. */
    take(aliasHash: string, at: EpochMilliseconds, signal: AbortSignal): Promise<Ticket | undefined>
    update(
      project: ProjectId,
      id: string,
      change: Partial<Pick<Ticket, 'state' | 'amtGuid' | 'reachedMode' | 'cira' | 'steps' | 'fault'>>,
      signal: AbortSignal,
    ): Promise<void>
    /** Forgets tickets that ended or expired before `before`. */
    purge(before: EpochMilliseconds, signal: AbortSignal): Promise<number>
  }
}

/** Named, versioned configuration of a project. Names are unique in a project and found in any case, kept in theirs. */
export interface Catalogue<T extends { readonly project: ProjectId; readonly name: string; readonly version: number }> {
  get(project: ProjectId, name: string, signal: AbortSignal): Promise<T | undefined>
  insert(item: T, signal: AbortSignal): Promise<'inserted' | 'duplicate'>
  /**
   * Writes the item where the stored version is `expected`; the stored version becomes `expected + 1`. The name
   * keeps the case it was created with. `'duplicate'` where something else that must be unique is taken.
   */
  update(item: T, expected: number, signal: AbortSignal): Promise<'updated' | 'stale' | 'missing' | 'duplicate'>
  delete(project: ProjectId, name: string, signal: AbortSignal): Promise<'deleted' | 'missing'>
  /** Ordered by name, whatever its case. */
  list(project: ProjectId, skip: number, limit: number, signal: AbortSignal): Promise<readonly T[]>
  count(project: ProjectId, signal: AbortSignal): Promise<number>
}
