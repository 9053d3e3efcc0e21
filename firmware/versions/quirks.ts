import type { RootHashAlgorithm } from '../provisioning/certificate-chain.ts'

/** The TLS of one version: what it offers, and in what order. */
export interface TlsProfile {
  readonly minVersion: 'TLSv1.1' | 'TLSv1.2'
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3'
  /** In OpenSSL's notation; left out: the platform's list. */
  readonly ciphers?: string
  readonly curves: string
}

/** How one version of the firmware differs from the others (amt-firmware.md 15.1), as data. */
export interface Quirks {
  /** As a machine with it is delivered, where nobody says more than the major version. */
  readonly version: string
  readonly build: string
  /** By which hashes a provisioning root is compared with the trusted ones. */
  readonly rootHashAlgorithms: readonly RootHashAlgorithm[]
  /** Whether the certificate store takes certificates signed with SHA-1. */
  readonly sha1Certificates: boolean
  readonly tls: TlsProfile
  /** Whether the network side may do without TLS. */
  readonly remoteTls: 'optional' | 'mandatory'
  /** Whether the local side may: `enforced` has neither 16992 nor 623. */
  readonly localTls: 'optional' | 'enforced'
  /** Configuration by the host over TLS, with a provisioning certificate whose hash was told before. */
  readonly secureHostBasedSetup: boolean
  /** How many parts of its version the `Server` header shows. */
  readonly serverVersionParts: 3 | 4
  /** Whether the watchdog client tells of, and switches, AMT in BIOS. */
  readonly operationalState: boolean
  /** Properties this version does not know yet, by class. */
  readonly withoutProperties: Readonly<Record<string, readonly string[]>>
  /** Methods it does not know yet, by class. */
  readonly withoutMethods: Readonly<Record<string, readonly string[]>>
}

// Firmware has no post-quantum key exchange.
const CURVES = 'P-256:P-384'

const since17 = { AMT_RemoteAccessService: ['IsRemoteTunnelConnected', 'RemoteTunnelKeepAliveTimeout'] }

const version12: Quirks = {
  version: '12.0.67',
  build: '1579',
  rootHashAlgorithms: ['sha1', 'sha256'],
  sha1Certificates: true,
  // 1.2 came with it, 1.0 went; RSA certificates alone, key exchange by RSA too.
  tls: {
    minVersion: 'TLSv1.1',
    maxVersion: 'TLSv1.2',
    ciphers: [
      'ECDHE-RSA-AES256-GCM-SHA384',
      'ECDHE-RSA-AES128-GCM-SHA256',
      'AES256-GCM-SHA384',
      'AES128-GCM-SHA256',
      'AES128-SHA256',
      'AES256-SHA',
      'AES128-SHA',
      '@SECLEVEL=0',
    ].join(':'),
    curves: CURVES,
  },
  remoteTls: 'optional',
  localTls: 'optional',
  secureHostBasedSetup: false,
  serverVersionParts: 3,
  operationalState: false,
  withoutProperties: {
    ...since17,
    AMT_GeneralSettings: ['DHCPSyncRequiresHostname', 'OemID', 'ThunderboltDockEnabled'],
    AMT_BootCapabilities: [
      'AMTSecureBootControl',
      'ForceUEFIHTTPSBoot',
      'ForceUEFIPBABoot',
      'ForceWinREBoot',
      'PlatformErase',
      'UEFIWiFiCoExistenceAndProfileShare',
    ],
    AMT_BootSettingData: [
      'PlatformErase',
      'RPEEnabled',
      'UEFIHTTPSBootEnabled',
      'UEFILocalPBABootEnabled',
      'UefiBootNumberOfParams',
      'UefiBootParametersArray',
      'WinREBootEnabled',
    ],
    AMT_EthernetPortSettings: ['PhysicalConnectionType', 'PhysicalNicMedium'],
    AMT_TLSSettingData: ['NonSecureConnectionsSupported'],
  },
  withoutMethods: { CIM_BootService: ['RequestStateChange'] },
}

const version16: Quirks = {
  version: '16.1.25',
  build: '2124',
  rootHashAlgorithms: ['sha256', 'sha384'],
  sha1Certificates: true,
  tls: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', curves: CURVES },
  remoteTls: 'mandatory',
  localTls: 'optional',
  secureHostBasedSetup: false,
  serverVersionParts: 4,
  operationalState: true,
  withoutProperties: since17,
  withoutMethods: {},
}

const version19: Quirks = {
  ...version16,
  version: '19.0.5',
  build: '1864',
  sha1Certificates: false,
  localTls: 'enforced',
  secureHostBasedSetup: true,
  withoutProperties: {},
}

const byMajor: ReadonlyMap<number, Quirks> = new Map([
  [12, version12],
  [16, version16],
  [19, version19],
])

/** The major versions that are simulated. */
export const simulatedVersions: readonly number[] = [...byMajor.keys()]

/** Where nobody says which. */
export const usualVersion = version16

/** The quirks of a firmware version such as `16.1.25`. Throws `RangeError` for a major version not simulated. */
export const quirksOf = (version: string): Quirks => {
  const quirks = byMajor.get(Number.parseInt(version, 10))
  if (quirks === undefined) throw new RangeError(`firmware version ${version} is not simulated`)
  return quirks
}
