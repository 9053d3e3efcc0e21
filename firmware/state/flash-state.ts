import type { EpochMilliseconds } from '@outrider/protocols/values'
import type { AuditEntry } from '../audit/audit-entry.ts'
import type { TriggerName } from '../cira/triggers.ts'

/**
 * Everything of one firmware that survives a restart (amt-firmware.md 1, 2). Plain JSON. Live sessions, nonces,
 * enumeration contexts, the consent code and the local system account are not here: they die with the process.
 */
export interface FlashState {
  readonly format: 1
  /** The switch in the BIOS menu. `changeAllowed` false: an OEM locked it. */
  bios: { enabled: boolean; changeAllowed: boolean }
  /** What a person set in the engine's own menu. `pkiDnsSuffix` null: as the machine was delivered. */
  mebx: { pkiDnsSuffix: string | null; inactiveHashes: string[] }
  host: HostState
  /** Oldest first. Outlives unprovisioning. */
  audit: AuditEntry[]
  counters: Counters
  /** The chain of the silicon, once it is made; only some versions show one. */
  onDie: KeptIdentity | null
  /** What unprovisioning returns to factory defaults. */
  settings: Settings
}

export interface HostState {
  /** One of the stable power states: 2 on, 3 or 4 sleep, 6 hard off, 7 hibernate, 8 soft off. */
  power: number
  /** Where a transition that is under way ends, and when by this firmware's clock. */
  pending: { readonly steps: readonly PowerStep[]; readonly graceful: boolean } | null
  /** The operating system; `upAt` is when one that boots will have. */
  os: { readonly running: boolean; readonly upAt: EpochMilliseconds | null }
  /** The last power state asked for through AMT. */
  requested: number | null
  poweredOnAt: EpochMilliseconds
  /** A program in the operating system that carries out graceful requests is running. */
  lmsPresent: boolean
  osPowerSaving: number
  /** DNS suffix the network hands out; decides whether the machine is at home. */
  dnsSuffix: string
  linkUp: boolean
  ipAddress: string
  /** How many times the host has booted. */
  boots: number
  lastBoot: BootRecord | null
}

export interface PowerStep {
  readonly power: number
  readonly at: EpochMilliseconds
  readonly boot: boolean
}

/** What one boot did with the boot options (amt-firmware.md 10.3). */
export interface BootRecord {
  readonly at: EpochMilliseconds
  readonly source: string | null
  readonly options: Readonly<Record<string, boolean | number>>
}

/** How often each act was carried out: what tests read to see that nothing was sent twice or by mistake. */
export type Counters = Record<ActionKind, number>

export const actionKinds = [
  'setup',
  'adminSetup',
  'upgradeToAdmin',
  'unprovision',
  'partialUnprovision',
  'setAdminPassword',
  'setMebxPassword',
  'powerOn',
  'powerOff',
  'powerCycle',
  'reset',
  'nmi',
  'sleep',
  'hibernate',
  'powerOffGraceful',
  'resetGraceful',
  'osPowerSaving',
  'bootOptionsSet',
] as const
export type ActionKind = (typeof actionKinds)[number]

export interface Settings {
  /** 0 pre, 1 in, 2 post. */
  provisioningState: 0 | 1 | 2
  /** 0 none, 1 client, 2 admin. */
  controlMode: 0 | 1 | 2
  /** `Digest:` and 32 hexadecimal digits; a new one after each unprovisioning. */
  digestRealm: string
  /** HA1 of `admin`, 32 hexadecimal digits; the password itself is never known here. */
  adminHa1: string | null
  mebxPassword: string | null
  users: UserAccount[]
  nextUserHandle: number
  general: Record<string, string | number | boolean>
  optIn: { required: number; canModify: 0 | 1; codeTimeout: number; displayTimeout: number }
  redirection: { enabledState: number; listenerEnabled: boolean }
  kvm: { enabledState: number; settings: Record<string, string | number | boolean>; rfbPassword: string | null }
  tls: { remote: TlsSettings; local: TlsSettings; pending: { remote: TlsSettings; local: TlsSettings } | null }
  /** The certificate that was committed: what TLS shows. */
  tlsCertificate: string | null
  /** What it shows where nothing was committed, once it is made. */
  selfSigned: KeptIdentity | null
  /** The provisioning certificate the host announced, while the device is in provisioning. */
  pinned: PinnedCertificate | null
  tlsCredential: { readonly certificate: string; readonly collection: string } | null
  ethernet: { wired: Record<string, FieldValue>; wireless: Record<string, FieldValue> }
  ieee8021x: Record<string, FieldValue>
  wifi: { service: Record<string, FieldValue>; portState: number; profiles: WifiProfile[] }
  certificates: StoredCertificate[]
  keys: StoredKey[]
  servers: ManagementServer[]
  policies: AccessPolicy[]
  policyServers: PolicyServer[]
  detectionStrings: string[]
  detectionPrefixes: string[]
  userInitiated: { enabledState: number; lastReason: number }
  proxies: ProxyAccessPoint[]
  time: { offset: number; configured: boolean; syncState: number }
  boot: BootOptions
  powerScheme: number
  kerberosEnabled: boolean
}

export type FieldValue = string | number | boolean | readonly (string | number)[] | null

export interface UserAccount {
  readonly handle: number
  name: string
  ha1: string
  /** 0 local, 1 network, 2 both. */
  access: number
  realms: number[]
  enabled: boolean
}

export interface PinnedCertificate {
  /** As AMTHI numbers them: 2 SHA-256, 3 SHA-384. */
  readonly algorithm: number
  /** Hexadecimal. */
  readonly hash: string
}

/** A certificate with its key that the firmware made itself; base64 of DER and PKCS#8. */
export interface KeptIdentity {
  /** Leaf first. */
  readonly chain: readonly string[]
  readonly key: string
  /** What the chain ends in; not sent. */
  readonly root: string
}

export interface TlsSettings {
  enabled: boolean
  mutual: boolean
  acceptNonSecure: boolean
  trustedNames: string[]
}

export interface StoredCertificate {
  readonly handle: number
  /** base64 of the DER. */
  der: string
  trustedRoot: boolean
  subject: string
  issuer: string
}

export interface StoredKey {
  readonly handle: number
  /** base64 of PKCS#1, private. */
  readonly privateKey: string
  /** base64 of PKCS#1, public. */
  readonly publicKey: string
}

export interface ManagementServer {
  readonly index: number
  accessInfo: string
  infoFormat: number
  port: number
  cn: string
  /** 1 mutual TLS, 2 user name and password. */
  authMethod: number
  username: string
  password: string
  certificate: string | null
}

export interface AccessPolicy {
  readonly trigger: TriggerName
  tunnelLifeTime: number
  /** base64. */
  extendedData: string
}

export interface PolicyServer {
  readonly trigger: TriggerName
  readonly server: number
  order: number
  mpsType: number
}

export interface ProxyAccessPoint {
  readonly index: number
  accessInfo: string
  infoFormat: number
  port: number
  networkDnsSuffix: string
}

export interface WifiProfile {
  readonly instanceId: string
  fields: Record<string, FieldValue>
  psk: string | null
}

export interface BootOptions {
  settings: Record<string, FieldValue>
  /** InstanceID of the source forced for the next boot. */
  source: string | null
  /** Whether the settings count at the next boot: role 1. */
  nextSingleUse: boolean
  /** EnabledState of CIM_BootService. */
  serviceState: number
  lastStatus: readonly [number, number]
}
