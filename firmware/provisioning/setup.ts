import { HTTP_DIGEST_MD5_A1 } from '@outrider/protocols/amt'
import { LOCAL_SYSTEM_USER } from '../device.ts'
import { factorySettings, type Maker } from '../state/factory.ts'
import type { FlashState } from '../state/flash-state.ts'
import type { Caller } from '../wsman/model.ts'

// The rules of control mode (amt-firmware.md 2.2, 9.1, 9.5), on a draft of the state. Each answers what the method
// returns; anything but 0 leaves the draft unused.

export const SUCCESS = 0
export const INVALID_STATE = 2
export const INVALID_PARAMETER = 3
const NOT_PERMITTED = 16
const INVALID_PT_PARAMETER = 36

/** Who ended it, as the audit log tells (amt-firmware.md 9.5). */
export const UNPROVISIONED_BY = { bios: 0, mebx: 1, mei: 2, local: 3, remote: 4 } as const

export interface SetupRequest {
  readonly encryptionType: number | undefined
  /** HA1 of `admin`: 32 hexadecimal digits. */
  readonly password: string | undefined
}

/** HA1 in lower case; `undefined` where the request carries none: strength cannot be seen in a hash. */
export const readHa1 = ({ encryptionType, password }: SetupRequest): string | undefined =>
  encryptionType === HTTP_DIGEST_MD5_A1 && password !== undefined && /^[0-9a-f]{32}$/i.test(password)
    ? password.toLowerCase()
    : undefined

/** IPS_HostBasedSetupService.Setup: into client control mode. */
export const setUpClient = (draft: FlashState, request: SetupRequest, caller: Caller): number => {
  const { settings } = draft
  if (settings.controlMode !== 0 || settings.provisioningState === 2) return INVALID_STATE
  if (caller.user !== LOCAL_SYSTEM_USER || caller.way !== 'local') return INVALID_STATE
  const ha1 = readHa1(request)
  if (ha1 === undefined) return INVALID_PARAMETER
  settings.controlMode = 1
  settings.provisioningState = 2
  settings.adminHa1 = ha1
  settings.pinned = null
  // In client control mode a person must consent, and nobody may change that (2.3).
  settings.optIn = { ...settings.optIn, required: 4294967295, canModify: 0 }
  draft.counters.setup++
  return SUCCESS
}

/** AMT_SetupAndConfigurationService.Unprovision: back to factory defaults with a new digest realm. */
export const unprovision = (draft: FlashState, mode: number | undefined, caller: Caller, maker: Maker): number => {
  const { settings } = draft
  if (mode !== 1) return INVALID_PT_PARAMETER
  if (settings.provisioningState === 0) return NOT_PERMITTED
  if (settings.controlMode === 2 && caller.user === LOCAL_SYSTEM_USER) return NOT_PERMITTED
  wipe(draft, maker)
  draft.counters.unprovision++
  return SUCCESS
}

/** The same over MEI, status codes of AMTHI: admin control mode refuses. */
export const unprovisionOverMei = (draft: FlashState, mode: number, maker: Maker): number => {
  const INVALID_AMT_MODE = 3
  const INVALID_PROVISIONING_STATE = 32
  if (mode !== 0) return INVALID_PT_PARAMETER
  if (draft.settings.provisioningState === 0) return INVALID_PROVISIONING_STATE
  if (draft.settings.controlMode === 2) return INVALID_AMT_MODE
  wipe(draft, maker)
  draft.counters.unprovision++
  return SUCCESS
}

/** Keeps the admin account, its realm and the names; everything else as factory (2.2). */
export const partialUnprovision = (draft: FlashState, maker: Maker): number => {
  const { settings } = draft
  if (settings.provisioningState === 0) return NOT_PERMITTED
  const { adminHa1, digestRealm, general } = settings
  wipe(draft, maker)
  draft.settings.adminHa1 = adminHa1
  draft.settings.digestRealm = digestRealm
  draft.settings.general.HostName = general.HostName ?? ''
  draft.settings.general.DomainName = general.DomainName ?? ''
  draft.counters.partialUnprovision++
  return SUCCESS
}

/** Factory defaults, however they were asked for. */
export const wipe = (draft: FlashState, maker: Maker): void => {
  const { time, mebxPassword } = draft.settings
  draft.settings = factorySettings(maker)
  // The clock keeps running on a machine that is unprovisioned, and its menu keeps its password: clearing CMOS
  // alone takes that back.
  Object.assign(draft.settings, { time, mebxPassword })
}
