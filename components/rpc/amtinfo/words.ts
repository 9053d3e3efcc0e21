import type { AmtFacts } from './facts.ts'

// How the field prints the numbers of AMT, by generation of the client (reference/rpc.md 5.4).

const UNKNOWN = 'unknown'

export const controlModeWords = {
  v3: ['not activated', 'client control mode', 'admin control mode'],
  v2: ['pre-provisioning state', 'activated in client control mode', 'activated in admin control mode'],
} as const

export const controlModeWord = (mode: number, generation: 'v2' | 'v3'): string =>
  controlModeWords[generation][mode] ?? (generation === 'v3' ? 'unknown control mode' : 'unknown state')

export const provisioningStateWord = (state: number): string =>
  ['pre-provisioning', 'in provisioning', 'post-provisioning'][state] ?? UNKNOWN

export const networkWord = (network: number, generation: 'v2' | 'v3'): string =>
  (generation === 'v3'
    ? ['direct (LAN)', 'vpn', 'outside enterprise (CIRA)']
    : ['direct', 'vpn', 'outside enterprise'])[network] ?? UNKNOWN

export const remoteStatusWord = (status: number): string =>
  ['not connected', 'connecting', 'connected'][status] ?? UNKNOWN

export const triggerWord = (trigger: number): string =>
  ['user initiated', 'alert', 'periodic', 'provisioning'][trigger] ?? UNKNOWN

/** `undefined` where the firmware is too old to say (reference/rpc.md 5.1). */
export const operationalStateWord = ({ watchdog }: AmtFacts): 'enabled' | 'disabled' | undefined =>
  watchdog?.newInterface ? (watchdog.amtEnabled ? 'enabled' : 'disabled') : undefined

const ZERO_MAC = '00:00:00:00:00:00'

type LanSettings = NonNullable<AmtFacts['wired']>

export const hasAdapter = (settings: LanSettings | undefined): settings is LanSettings =>
  settings !== undefined && settings.mac !== ZERO_MAC

/** An adapter in the words of every output. */
export interface AdapterWords {
  readonly isEnable: boolean
  readonly linkStatus: 'up' | 'down'
  readonly dhcpEnabled: boolean
  readonly dhcpMode: 'active' | 'passive'
  readonly ipAddress: string
  /** Of the operating system's adapter with the same MAC. */
  readonly osIpAddress: string
  readonly macAddress: string
}

export const adapterWords = (settings: LanSettings, { system }: AmtFacts): AdapterWords => ({
  isEnable: settings.enabled,
  linkStatus: settings.link === 1 ? 'up' : 'down',
  dhcpEnabled: settings.dhcpEnabled,
  dhcpMode: settings.dhcpMode === 1 ? 'active' : 'passive',
  ipAddress: settings.address,
  osIpAddress:
    settings.mac === ZERO_MAC
      ? '0.0.0.0'
      : (system.adapters.find(({ mac }) => mac.toLowerCase() === settings.mac)?.address ?? 'Not Found'),
  macAddress: settings.mac,
})
