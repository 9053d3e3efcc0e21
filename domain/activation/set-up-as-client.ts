import { CONTROL_MODE, HTTP_DIGEST_MD5_A1, IPS_HostBasedSetupService } from '@outrider/protocols/amt'
import { isAmbiguous, refusal } from './answers.ts'
import { confirmSetup } from './confirm-setup.ts'
import type { ActivationDevice, ActivationPorts } from './device.ts'
import { type ActivatedEntry, enterAsAdmin, type IdleEntry } from './enter.ts'
import { activationFaults } from './faults.ts'
import { adminHa1 } from './password.ts'
import type { ActivationPlan } from './plan.ts'
import { writeAhead } from './write-ahead.ts'

/**
 * Takes an idle device into client control mode: the password is written ahead, told once, and promoted when the
 * device has let `admin` in with it. Where the answer is lost, it looks; it never tells twice (reference/rps.md 2.3).
 * Throws `SETUP_REFUSED`, `CONTROL_MODE_NOT_OFFERED`, `SETUP_NOT_CONFIRMED`, `CONTROL_MODE_NOT_REACHED`.
 */
export const setUpAsClient = async (
  device: ActivationDevice,
  plan: ActivationPlan,
  entry: IdleEntry,
  realm: string,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<ActivatedEntry> => {
  const modes = entry.setup.AllowedControlModes
  if (modes !== undefined && modes.length > 0 && !modes.includes(CONTROL_MODE.client))
    throw activationFaults.CONTROL_MODE_NOT_OFFERED({ mode: 'client' })
  const { password, version } = await writeAhead(plan, ports, signal)
  try {
    await entry.wsman.invoke(
      IPS_HostBasedSetupService,
      'Setup',
      { NetAdminPassEncryptionType: HTTP_DIGEST_MD5_A1, NetworkAdminPassword: adminHa1(realm, password, ports.md5) },
      signal,
    )
  } catch (error) {
    signal.throwIfAborted()
    const status = refusal(error)
    // Set up by somebody since we looked; perhaps by a call of ours whose answer was lost.
    if (status === 'INVALID_STATE') return enterAsAdmin(device, ports, signal)
    if (status !== undefined) throw activationFaults.SETUP_REFUSED({ status }, error)
    if (!isAmbiguous(error)) throw error
  }
  const activated = await confirmSetup(device, password, 'any', ports, signal)
  if ((await ports.secrets.promote(version, signal)) === 'stale') throw activationFaults.ACTIVATION_SUPERSEDED()
  return activated
}
