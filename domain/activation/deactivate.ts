import { AMT_SetupAndConfigurationService, IPS_HostBasedSetupService } from '@outrider/protocols/amt'
import { type Milliseconds, seconds } from '@outrider/protocols/values'
import { isAmbiguous, isUnauthorized, refusal } from './answers.ts'
import type { ActivationDevice, ActivationPorts } from './device.ts'
import { type ActivatedEntry, controlModeOf, enter } from './enter.ts'
import { activationFaults } from './faults.ts'

/** Of `Unprovision`: everything, back to factory (reference/amt-firmware.md 8.2). */
const FULL = 1
const PATIENCE: Milliseconds = seconds(10)
const FIRST_PAUSE: Milliseconds = 20
const LONGEST_PAUSE: Milliseconds = seconds(1)

export interface Deactivated {
  readonly outcome: 'deactivated' | 'already'
  /** `false`: the device said yes and could not be looked at afterwards; somebody else has to read its mode. */
  readonly verified: boolean
}

/**
 * Takes a device back to factory state. The stored credentials stay: whoever asked forgets them when the device
 * is known to be deactivated. Throws `UNPROVISION_REFUSED`, `UNPROVISION_BLOCKED`, `UNPROVISION_NOT_CONFIRMED`,
 * `AMT_PASSWORD_UNKNOWN`, and the faults of `Wsman` and `SecretStore`.
 */
export const deactivate = async (
  device: ActivationDevice,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<Deactivated> => {
  ports.report({ step: 'deactivating', label: 'Deactivating' })
  const entry = await enter(device, ports, signal)
  if (entry.mode === 'none') {
    ports.report({ step: 'deactivated', label: 'Deactivated' })
    return { outcome: 'already', verified: true }
  }
  const acknowledged = await unprovision(entry, signal)
  const seen = await look(entry, ports, signal)
  if (seen === 'activated' || (seen === 'nothing' && !acknowledged)) throw activationFaults.UNPROVISION_NOT_CONFIRMED()
  ports.report({ step: 'deactivated', label: 'Deactivated' })
  return { outcome: 'deactivated', verified: seen === 'deactivated' }
}

/** Whether the device said that it does it; `false` where its answer was lost. */
const unprovision = async ({ wsman }: ActivatedEntry, signal: AbortSignal): Promise<boolean> => {
  try {
    await wsman.invoke(AMT_SetupAndConfigurationService, 'Unprovision', { ProvisioningMode: FULL }, signal)
    return true
  } catch (error) {
    signal.throwIfAborted()
    const status = refusal(error)
    if (status === 'BLOCKING_COMPONENT') throw activationFaults.UNPROVISION_BLOCKED({}, error)
    if (status !== undefined) throw activationFaults.UNPROVISION_REFUSED({ status }, error)
    if (!isAmbiguous(error)) throw error
    return false
  }
}

/** The account is wiped with everything else, so that being refused is the proof (reference/amt-firmware.md 2.2). */
const look = async (
  { wsman }: ActivatedEntry,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<'deactivated' | 'activated' | 'nothing'> => {
  const until = ports.clock.monotonic() + PATIENCE
  let pause = FIRST_PAUSE
  let seen: 'activated' | 'nothing' = 'nothing'
  for (;;) {
    try {
      const mode = controlModeOf(await wsman.get(IPS_HostBasedSetupService, {}, signal))
      if (mode === 'none') return 'deactivated'
      // The teardown follows the answer: it may not have begun yet.
      seen = 'activated'
    } catch (error) {
      signal.throwIfAborted()
      if (isUnauthorized(error)) return 'deactivated'
      if (!isAmbiguous(error)) throw error
      seen = 'nothing'
    }
    if (ports.clock.monotonic() >= until) return seen
    await ports.clock.sleep(pause, signal)
    pause = Math.min(2 * pause, LONGEST_PAUSE)
  }
}
