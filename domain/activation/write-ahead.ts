import type { Secret } from '@outrider/protocols/values'
import { deviceSecretKeys } from '../ports/index.ts'
import type { ActivationPorts } from './device.ts'
import { randomPassword } from './password.ts'
import type { ActivationPlan } from './plan.ts'

/**
 * A password that is durable before the device hears of it. One that is pending already is used again: a call
 * that told it may still be on its way.
 */
export const writeAhead = async (
  plan: ActivationPlan,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<{ readonly password: Secret; readonly version: number }> => {
  const { pending, promoted } = await ports.secrets.read(signal)
  const kept = pending?.values[deviceSecretKeys.amt]
  if (kept !== undefined && isWanted(kept, plan)) return { password: kept, version: pending!.version }
  const password = plan.password ?? randomPassword(ports.random)
  // What an earlier activation agreed on for MPS is gone from the device; the MEBx password outlives it.
  const mebx = promoted?.values[deviceSecretKeys.mebx]
  const { version } = await ports.secrets.writePending(
    { [deviceSecretKeys.amt]: password, ...(mebx === undefined ? {} : { [deviceSecretKeys.mebx]: mebx }) },
    signal,
  )
  return { password, version }
}

const isWanted = (kept: Secret, plan: ActivationPlan): boolean =>
  plan.password === undefined || plan.password.reveal() === kept.reveal()
