import { AMT_SetupAndConfigurationService } from '@outrider/protocols/amt'
import type { Secret } from '@outrider/protocols/values'
import { deviceSecretKeys } from '../ports/index.ts'
import { isAmbiguous, isLacking, refusal } from './answers.ts'
import type { ActivationPorts } from './device.ts'
import type { ActivatedEntry } from './enter.ts'
import { activationFaults } from './faults.ts'
import { randomPassword } from './password.ts'
import type { MebxPlan } from './plan.ts'

/**
 * Sets the password of the engine's own menu, which nothing but telling the device can: it cannot be read or tried.
 * Written ahead, promoted once the device took it. `fresh`: the device was not in admin control mode before, so
 * whatever is stored may be of a former life and is told again. Throws `MEBX_PASSWORD_REFUSED`,
 * `ACTIVATION_SUPERSEDED`.
 */
export const setMebxPassword = async (
  { wsman }: ActivatedEntry,
  plan: MebxPlan,
  fresh: boolean,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<'configured' | 'unchanged' | 'not-applicable'> => {
  const { promoted, pending } = await ports.secrets.read(signal)
  const known = promoted?.values[deviceSecretKeys.mebx]
  const newest = pending?.values[deviceSecretKeys.mebx]
  const ahead = newest?.reveal() === known?.reveal() ? undefined : newest
  const isWanted = (password: Secret | undefined): password is Secret =>
    password !== undefined && (plan.password === undefined || plan.password.reveal() === password.reveal())
  if (!fresh && ahead === undefined && isWanted(known)) return 'unchanged'
  const password = isWanted(ahead) ? ahead : isWanted(known) ? known : (plan.password ?? randomPassword(ports.random))
  // What is pending beside it was agreed on with nobody yet, or it would be promoted.
  const values = { ...promoted?.values, [deviceSecretKeys.mebx]: password }
  const version =
    password === known
      ? undefined
      : (password === ahead ? pending! : await ports.secrets.writePending(values, signal)).version
  const outcome = await tell(wsman, password, signal)
  if (version === undefined) return outcome
  if (outcome === 'not-applicable') {
    // What it was not told must not count as told.
    await settle((await ports.secrets.writePending({ ...promoted?.values }, signal)).version, ports, signal)
    return outcome
  }
  await settle(version, ports, signal)
  return outcome
}

const tell = async (
  wsman: ActivatedEntry['wsman'],
  password: Secret,
  signal: AbortSignal,
): Promise<'configured' | 'not-applicable'> => {
  for (let attempt = 1; ; attempt++)
    try {
      await wsman.invoke(AMT_SetupAndConfigurationService, 'SetMEBxPassword', { Password: password }, signal)
      return 'configured'
    } catch (error) {
      signal.throwIfAborted()
      const status = refusal(error)
      if (status !== undefined) throw activationFaults.MEBX_PASSWORD_REFUSED({ status }, error)
      if (isLacking(error)) return 'not-applicable'
      // Telling the same password twice does no harm.
      if (attempt === 2 || !isAmbiguous(error)) throw error
    }
}

const settle = async (version: number, ports: ActivationPorts, signal: AbortSignal): Promise<void> => {
  if ((await ports.secrets.promote(version, signal)) === 'stale') throw activationFaults.ACTIVATION_SUPERSEDED()
}
