import { CONTROL_MODE, IPS_HostBasedSetupService } from '@outrider/protocols/amt'
import type { Secret } from '@outrider/protocols/values'
import type { InstanceOf, Wsman } from '@outrider/protocols/wsman'
import type { ControlMode } from '../hosts/index.ts'
import { deviceSecretKeys } from '../ports/index.ts'
import { isUnauthorized } from './answers.ts'
import { type ActivationDevice, type ActivationPorts, ADMIN } from './device.ts'
import { activationFaults } from './faults.ts'

export type HostBasedSetup = InstanceOf<typeof IPS_HostBasedSetupService>

/** How we stand with the device: in by the local account of an idle one, or by `admin` of an activated one. */
export type Entry = IdleEntry | ActivatedEntry

export interface IdleEntry {
  readonly mode: 'none'
  readonly wsman: Wsman
  readonly setup: HostBasedSetup
}

export interface ActivatedEntry {
  readonly mode: Exclude<ControlMode, 'none'>
  readonly wsman: Wsman
  /** The password that works. It is promoted by now. */
  readonly password: Secret
}

/** Control mode as IPS_HostBasedSetupService says it; `undefined` where it says none we know. */
export const controlModeOf = (setup: HostBasedSetup): ControlMode | undefined => {
  switch (setup.CurrentControlMode) {
    case CONTROL_MODE.none:
      return 'none'
    case CONTROL_MODE.client:
      return 'client'
    case CONTROL_MODE.admin:
      return 'admin'
    default:
      return undefined
  }
}

/**
 * Looks at the device: which control mode it is in, and which account lets us in. Throws `LOCAL_ACCOUNT_REFUSED`,
 * `AMT_PASSWORD_UNKNOWN`, `ACTIVATION_SUPERSEDED` and the faults of `Wsman` and `SecretStore`.
 */
export const enter = async (device: ActivationDevice, ports: ActivationPorts, signal: AbortSignal): Promise<Entry> => {
  const { local } = device
  if (device.controlMode !== 'none') return enterAsAdmin(device, ports, signal)
  if (local === undefined) throw activationFaults.LOCAL_ACCOUNT_REFUSED()
  const wsman = device.as(local)
  try {
    const setup = await wsman.get(IPS_HostBasedSetupService, {}, signal)
    if ((controlModeOf(setup) ?? 'none') === 'none') return { mode: 'none', wsman, setup }
  } catch (error) {
    if (!isUnauthorized(error)) throw error
    // Activated since it was asked, or an account of before a reset of the engine: only a password of ours can tell.
    const entry = await tryPasswords(device, ports, signal)
    if (typeof entry === 'number') throw activationFaults.LOCAL_ACCOUNT_REFUSED({}, error)
    return entry
  }
  return enterAsAdmin(device, ports, signal)
}

/** In by `admin`, with the password found by trying. Throws `AMT_PASSWORD_UNKNOWN`. */
export const enterAsAdmin = async (
  device: ActivationDevice,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<ActivatedEntry> => {
  const entry = await tryPasswords(device, ports, signal)
  if (typeof entry === 'number') throw activationFaults.AMT_PASSWORD_UNKNOWN({ tried: entry })
  return entry
}

/**
 * Tries what is stored and what was offered; the one that works is promoted. A pending password is true if the
 * device was told of it, which only the device knows. Returns how many were refused where all were.
 */
const tryPasswords = async (
  device: ActivationDevice,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<ActivatedEntry | number> => {
  const stored = await ports.secrets.read(signal)
  const candidates: { readonly password: Secret; readonly settle: () => Promise<void> }[] = []
  const add = (password: Secret | undefined, settle: () => Promise<void>): void => {
    if (password === undefined || candidates.some((known) => known.password.reveal() === password.reveal())) return
    candidates.push({ password, settle })
  }
  const promote = async (version: number): Promise<void> => {
    if ((await ports.secrets.promote(version, signal)) === 'stale') throw activationFaults.ACTIVATION_SUPERSEDED()
  }
  const { promoted, pending } = stored
  // The newest first: it is the likeliest while an activation is under way, and the firmware counts wrong tries.
  // Where both say the same, only the promoted one is tried: the rest of the pending version may never have been told.
  const [known, newest] = [promoted?.values[deviceSecretKeys.amt], pending?.values[deviceSecretKeys.amt]]
  if (known?.reveal() !== newest?.reveal()) add(newest, () => promote(pending!.version))
  add(known, async () => {})
  add(device.offered, async () => {
    const values = { ...promoted?.values, [deviceSecretKeys.amt]: device.offered! }
    await promote((await ports.secrets.writePending(values, signal)).version)
  })
  for (const { password, settle } of candidates) {
    const wsman = device.as({ username: ADMIN, password })
    try {
      const mode = controlModeOf(await wsman.get(IPS_HostBasedSetupService, {}, signal))
      await settle()
      // Whoever lets `admin` in is activated, even where it does not say how.
      return { mode: mode === 'admin' ? 'admin' : 'client', wsman, password }
    } catch (error) {
      if (!isUnauthorized(error)) throw error
    }
  }
  return candidates.length
}
