import type { EpochMilliseconds } from '@outrider/protocols/values'
import { firstEntries } from '../audit/audit-entry.ts'
import { type Random, randomRealm } from '../random.ts'
import type { Quirks } from '../versions/quirks.ts'
import {
  type ActionKind,
  actionKinds,
  type BootOptions,
  type FlashState,
  type Settings,
  type TlsSettings,
} from './flash-state.ts'

// Factory state (amt-firmware.md 2.2, 2.3, 8).

/** BootSettingData as nobody has touched it. */
export const neutralBootSettings = (): BootOptions['settings'] => ({
  BIOSPause: false,
  BIOSSetup: false,
  BootMediaIndex: 0,
  ConfigurationDataReset: false,
  EnforceSecureBoot: false,
  FirmwareVerbosity: 0,
  ForcedProgressEvents: false,
  IDERBootDevice: 0,
  LockKeyboard: false,
  LockPowerButton: false,
  LockResetButton: false,
  LockSleepButton: false,
  OptionsCleared: true,
  PlatformErase: false,
  ReflashBIOS: false,
  SecureErase: false,
  UefiBootNumberOfParams: 0,
  UefiBootParametersArray: '',
  UseIDER: false,
  UseSOL: false,
  UseSafeMode: false,
  UserPasswordBypass: false,
})

/** What unprovisioning leaves: everything of `Settings` as it left the factory, with a new digest realm. */
export const factorySettings = ({ random, quirks }: Maker): Settings => ({
  provisioningState: 0,
  controlMode: 0,
  digestRealm: randomRealm(random),
  adminHa1: null,
  mebxPassword: null,
  users: [],
  nextUserHandle: 1,
  general: {
    AMTNetworkEnabled: 1,
    DDNSPeriodicUpdateInterval: 1440,
    DDNSTTL: 900,
    DDNSUpdateByDHCPServerEnabled: true,
    DDNSUpdateEnabled: false,
    DHCPSyncRequiresHostname: 1,
    DHCPv6ConfigurationTimeout: 0,
    DomainName: '',
    HostName: '',
    HostOSFQDN: '',
    IdleWakeTimeout: 1,
    PingResponseEnabled: true,
    PreferredAddressFamily: 0,
    PresenceNotificationInterval: 0,
    RmcpPingResponseEnabled: true,
    SharedFQDN: true,
    ThunderboltDockEnabled: 0,
    WsmanOnlyMode: false,
  },
  optIn: { required: 4294967295, canModify: 1, codeTimeout: 120, displayTimeout: 300 },
  redirection: { enabledState: 32768, listenerEnabled: false },
  kvm: {
    enabledState: 3,
    settings: {
      BackToBackFbMode: false,
      DefaultScreen: 0,
      Is5900PortEnabled: false,
      OptInPolicy: true,
      OptInPolicyTimeout: 300,
      SessionTimeout: 3,
    },
    rfbPassword: null,
  },
  tls: {
    // From 16.1 the remote side is TLS only, on a certificate the firmware makes itself; from 19 the local too (15.1).
    remote: sideOf(quirks.remoteTls === 'mandatory', false),
    local: sideOf(quirks.localTls === 'enforced', quirks.localTls === 'optional'),
    pending: null,
  },
  tlsCertificate: null,
  selfSigned: null,
  pinned: null,
  tlsCredential: null,
  ethernet: {
    wired: { DHCPEnabled: true, IpSyncEnabled: true, SharedStaticIp: false, LinkPolicy: [1, 14] },
    wireless: { DHCPEnabled: true, LinkPreference: 2, ConsoleTcpMaxRetransmissions: 5 },
  },
  ieee8021x: { Enabled: 3, AvailableInS0: true, PxeTimeout: 120 },
  wifi: {
    service: { NoHostCsmeSoftwarePolicy: 0, localProfileSynchronizationEnabled: 0, UEFIWiFiProfileShareEnabled: false },
    portState: 3,
    profiles: [],
  },
  certificates: [],
  keys: [],
  servers: [],
  policies: [],
  policyServers: [],
  detectionStrings: [],
  detectionPrefixes: [],
  userInitiated: { enabledState: 32768, lastReason: 0 },
  proxies: [],
  time: { offset: 0, configured: false, syncState: 0 },
  boot: {
    settings: neutralBootSettings(),
    source: null,
    nextSingleUse: false,
    serviceState: 2,
    lastStatus: [0, 0],
  },
  powerScheme: 1,
  kerberosEnabled: false,
})

const sideOf = (enabled: boolean, acceptNonSecure: boolean): TlsSettings => ({
  enabled,
  mutual: false,
  acceptNonSecure,
  trustedNames: [],
})

/** What settings are made with. */
export interface Maker {
  readonly random: Random
  readonly quirks: Quirks
}

export interface FactoryOptions extends Maker {
  readonly now: EpochMilliseconds
  readonly dnsSuffix: string
  readonly lmsPresent: boolean
}

/** A machine as it is unpacked: on, AMT enabled in BIOS, not provisioned. */
export const factoryState = ({ now, dnsSuffix, lmsPresent, ...maker }: FactoryOptions): FlashState => ({
  format: 1,
  bios: { enabled: true, changeAllowed: true },
  mebx: { pkiDnsSuffix: null, inactiveHashes: [] },
  host: {
    power: 2,
    pending: null,
    os: { running: true, upAt: null },
    requested: null,
    poweredOnAt: now,
    lmsPresent,
    osPowerSaving: 1,
    dnsSuffix,
    linkUp: true,
    ipAddress: '192.168.0.24',
    boots: 0,
    lastBoot: null,
  },
  audit: firstEntries(now),
  counters: Object.fromEntries(actionKinds.map((kind) => [kind, 0])) as Record<ActionKind, number>,
  onDie: null,
  settings: factorySettings(maker),
})

/** A state kept by an earlier version of this firmware, with what it did not know yet as it left the factory. */
export const completed = (kept: FlashState, factory: FlashState): FlashState => ({
  ...factory,
  ...kept,
  counters: { ...factory.counters, ...kept.counters },
  settings: { ...factory.settings, ...kept.settings },
})
