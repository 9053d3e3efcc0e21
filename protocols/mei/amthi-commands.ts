import { type Guid, guidFromSmbios, guidToSmbios } from '../values/index.ts'
import { type Codec, type Infer, list, padded, type StructOf, struct, u8, u32le } from '../wire/index.ts'
import { ciraLog } from './cira-log.ts'
import { field, flag32, ipv4, mac, measured, padding, slotTable, text16 } from './fields.ts'
import { startConfiguration } from './start-configuration.ts'

/** One AMTHI command: its number and what its request and its response carry after header and status. */
export interface AmthiCommand<Q = unknown, A = unknown> {
  readonly id: number
  readonly request: Codec<Q>
  readonly response: Codec<A>
}

// biome-ignore lint/suspicious/noExplicitAny: fields of many types; StructOf gives each its own
type Fields = Readonly<Record<string, Codec<any>>>

const command = <const Q extends Fields, const A extends Fields>(
  id: number,
  request: Q,
  response: A,
): AmthiCommand<StructOf<Q>, StructOf<A>> => ({ id, request: struct(request), response: struct(response) })

const smbiosGuid: Codec<Guid> = {
  read: (from) => guidFromSmbios(from.bytes(16)),
  write: (to, value) => to.bytes(guidToSmbios(value)),
}

const codeVersion = struct({ key: measured(20), value: measured(20) })

/** Most certificate hashes an engine lists. */
export const MAX_HASH_HANDLES = 33

/** Every command whose layout is known, in the order of their numbers (reference/rpc.md 17). */
export const amthiCommands = {
  getProvisioningMode: command(0x04000008, {}, { mode: u32le, legacy: flag32 }),
  /** `mode` is 0. Refused with INVALID_AMT_MODE in admin control mode. */
  unprovision: command(0x04000010, { mode: u32le }, { state: u32le }),
  /** `state`: 0 pre, 1 in, 2 post. */
  getProvisioningState: command(0x04000011, {}, { state: u32le }),
  getCodeVersions: command(
    0x0400001a,
    {},
    { bios: padded(65), versions: slotTable(50, codeVersion, { key: '', value: '' }) },
  ),
  getMacAddresses: command(0x04000025, {}, { dedicated: mac, host: mac }),
  enumerateHashHandles: command(0x0400002c, {}, { handles: list(u32le, u32le, MAX_HASH_HANDLES) }),
  /** `hash` is the 64-byte field, zero padded: `certificateHash` cuts it by `algorithm`. */
  getCertHashEntry: command(
    0x0400002d,
    { handle: u32le },
    { isDefault: flag32, isActive: flag32, hash: field(64), algorithm: u8, name: text16(1000) },
  ),
  getPkiFqdnSuffix: command(0x04000036, {}, { suffix: text16(1000) }),
  openUserInitiatedConnection: command(0x04000044, {}, {}),
  closeUserInitiatedConnection: command(0x04000045, {}, {}),
  /**
   * `network` 0 direct, 1 VPN, 2 outside enterprise; `remote` 0 not connected, 1 connecting, 2 connected;
   * `trigger` 0 user, 1 alert, 2 periodic, 3 provisioning.
   */
  getRemoteAccessConnectionStatus: command(
    0x04000046,
    {},
    { network: u32le, remote: u32le, trigger: u32le, mpsHost: text16(1000) },
  ),
  /** `adapter`: 0 wired, 1 wireless. `dhcpMode`: 1 active, 2 passive. `link`: 1 up. */
  getLanInterfaceSettings: command(
    0x04000048,
    { adapter: u32le },
    { enabled: flag32, address: ipv4(true), dhcpEnabled: flag32, dhcpMode: u8, link: u8, mac },
  ),
  getUuid: command(0x0400005c, {}, { uuid: smbiosGuid }),
  stopConfiguration: command(0x0400005e, {}, {}),
  /** The request is 40 bytes of nothing; the response is padded to 68 bytes, on which one client insists. */
  getLocalSystemAccount: command(
    0x04000067,
    { unused: padding(40) },
    { user: padded(33), password: padded(33), pad: padding(2) },
  ),
  /** `mode`: 0 none, 1 client, 2 admin. */
  getControlMode: command(0x0400006b, {}, { mode: u32le }),
  getEhbcState: command(0x04000084, {}, { state: u32le }),
  /** The response's `hash` is that of the certificate AMT will present, cut by `hashAlgorithm`. */
  startConfigurationHostBased: {
    id: 0x0400008b,
    request: startConfiguration,
    response: struct({ hashAlgorithm: u8, hash: field(64) }),
  },
  getCiraLog: command(0x0400008e, { version: u8 }, { log: ciraLog }),
} as const satisfies Record<string, AmthiCommand<never, never> | AmthiCommand>

export type AmthiName = keyof typeof amthiCommands
export type AmthiInput<N extends AmthiName> = Infer<(typeof amthiCommands)[N]['request']>
export type AmthiOutput<N extends AmthiName> = Infer<(typeof amthiCommands)[N]['response']>

/** Commands that are declared in the field and never sent: no layout is known. By number. */
export const amthiDeclaredOnly: Readonly<Record<number, string>> = {
  67108891: 'getSecurityParameters',
  67108904: 'generateRngSeed',
  67108905: 'startConfiguration',
  67108906: 'setProvisioningServerOtp',
  67108907: 'getProvisioningTlsMode',
  67108910: 'getRngSeedStatus',
  67108911: 'setDnsSuffix',
  67108912: 'getZeroTouchEnabled',
  67108926: 'getDnsSuffixList',
  67108927: 'setEnterpriseAccess',
  67108935: 'getCurrentPowerPolicy',
  67108937: 'getFeaturesState',
  67108938: 'getLastHostResetReason',
  67108950: 'getFqdn',
  67108955: 'setHostFqdn',
  16777217: 'getAmtState',
}

export type CodeVersion = Infer<typeof codeVersion>

/** Keys firmware answers in `getCodeVersions`. */
export const codeVersionKeys = [
  'Flash',
  'Netstack',
  'AMTApps',
  'AMT',
  'Sku',
  'VendorID',
  'Build Number',
  'Recovery Version',
  'Recovery Build Num',
  'Legacy Mode',
  'AMT FW Core Version',
] as const

export const codeVersionOf = (
  versions: readonly CodeVersion[],
  key: (typeof codeVersionKeys)[number],
): string | undefined => versions.find((each) => each.key === key)?.value
