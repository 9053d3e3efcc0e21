import { IPS_HostBasedSetupService } from '@outrider/protocols/amt'
import { type Milliseconds, type Secret, seconds } from '@outrider/protocols/values'
import type { ControlMode } from '../hosts/index.ts'
import { isAmbiguous, isUnauthorized } from './answers.ts'
import { type ActivationDevice, type ActivationPorts, ADMIN } from './device.ts'
import { type ActivatedEntry, controlModeOf } from './enter.ts'
import { activationFaults } from './faults.ts'

/** The firmware restarts its HTTP service after being set up (reference/amt-firmware.md 9.1). */
const PATIENCE: Milliseconds = seconds(30)
/** How long a device may still say its old mode after it took a new one. */
const SETTLING: Milliseconds = seconds(5)
const FIRST_PAUSE: Milliseconds = 20
const LONGEST_PAUSE: Milliseconds = seconds(1)
/** Refusals in a row after which the new password is taken to be unknown to the device. */
const REFUSALS = 3

/**
 * Looks until the device says, to `admin` with `password`, that it is activated, in `wanted` mode. Throws
 * `SETUP_NOT_CONFIRMED` where it lets nobody in, `UPGRADE_NOT_CONFIRMED` where it stays in client control mode,
 * `CONTROL_MODE_NOT_REACHED` where it says nothing in time.
 */
export const confirmSetup = async (
  device: ActivationDevice,
  password: Secret,
  wanted: 'any' | 'admin',
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<ActivatedEntry> => {
  const wsman = device.as({ username: ADMIN, password })
  const began = ports.clock.monotonic()
  let pause = FIRST_PAUSE
  let refused = 0
  let last: unknown
  for (;;) {
    const settled = ports.clock.monotonic() - began >= SETTLING
    let mode: ControlMode | undefined
    try {
      mode = controlModeOf(await wsman.get(IPS_HostBasedSetupService, {}, signal))
    } catch (error) {
      signal.throwIfAborted()
      last = error
      if (isUnauthorized(error)) {
        if (++refused === REFUSALS) throw activationFaults.SETUP_NOT_CONFIRMED({}, error)
      } else if (!isAmbiguous(error)) throw error
    }
    if (mode === 'admin' || (mode === 'client' && wanted === 'any')) return { mode, wsman, password }
    if (mode === 'client' && settled) throw activationFaults.UPGRADE_NOT_CONFIRMED()
    if (ports.clock.monotonic() - began >= PATIENCE)
      throw activationFaults.CONTROL_MODE_NOT_REACHED({ seconds: PATIENCE / 1000 }, last)
    await ports.clock.sleep(pause, signal)
    pause = Math.min(2 * pause, LONGEST_PAUSE)
  }
}
