import { AMT_AuthorizationService } from '@outrider/protocols/amt'
import { fromHex, secret, toBase64 } from '@outrider/protocols/values'
import { deviceSecretKeys } from '../ports/index.ts'
import { isAmbiguous, refusal } from './answers.ts'
import { confirmSetup } from './confirm-setup.ts'
import { type ActivationDevice, type ActivationPorts, ADMIN } from './device.ts'
import type { ActivatedEntry } from './enter.ts'
import { activationFaults } from './faults.ts'
import { adminHa1 } from './password.ts'
import type { ActivationPlan } from './plan.ts'

/**
 * Gives an activated device the password of the profile, where that has one and the device another. Written
 * ahead, told once, promoted when it lets us in (reference/rps.md 2.5, amt-firmware.md 8.14). Throws
 * `AMT_PASSWORD_REFUSED`, `AMT_PASSWORD_NOT_CONFIRMED`, `CONTROL_MODE_NOT_REACHED`, `ACTIVATION_SUPERSEDED`.
 */
export const keepToPassword = async (
  device: ActivationDevice,
  plan: ActivationPlan,
  entry: ActivatedEntry,
  realm: () => string,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<ActivatedEntry> => {
  const { password } = plan
  if (password === undefined || password.reveal() === entry.password.reveal()) return entry
  // The same digest as at set-up, here as base64 of its bytes.
  const ha1 = fromHex(adminHa1(realm(), password, ports.md5).reveal())!
  const { promoted } = await ports.secrets.read(signal)
  const values = { ...promoted?.values, [deviceSecretKeys.amt]: password }
  const { version } = await ports.secrets.writePending(values, signal)
  try {
    await entry.wsman.invoke(
      AMT_AuthorizationService,
      'SetAdminAclEntryEx',
      { Username: ADMIN, DigestPassword: secret(toBase64(ha1)) },
      signal,
    )
  } catch (error) {
    signal.throwIfAborted()
    const status = refusal(error)
    if (status !== undefined) throw activationFaults.AMT_PASSWORD_REFUSED({ status }, error)
    if (!isAmbiguous(error)) throw error
  }
  const changed = await confirmSetup(device, password, 'any', ports, signal).catch((error) => {
    throw error.code === 'SETUP_NOT_CONFIRMED' ? activationFaults.AMT_PASSWORD_NOT_CONFIRMED({}, error) : error
  })
  if ((await ports.secrets.promote(version, signal)) === 'stale') throw activationFaults.ACTIVATION_SUPERSEDED()
  ports.report({ step: 'password', label: 'AMT password changed' })
  return changed
}
