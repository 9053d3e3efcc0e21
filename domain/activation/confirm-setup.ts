import { IPS_HostBasedSetupService } from '@outrider/protocols/amt'
import { type Milliseconds, type Secret, seconds } from '@outrider/protocols/values'
import { isAmbiguous, isUnauthorized } from './answers.ts'
import { type ActivationDevice, type ActivationPorts, ADMIN } from './device.ts'
import { type ActivatedEntry, controlModeOf } from './enter.ts'
import { activationFaults } from './faults.ts'

/** The firmware restarts its HTTP service after being set up (reference/amt-firmware.md 9.1). */
const PATIENCE: Milliseconds = seconds(30)
const FIRST_PAUSE: Milliseconds = 20
const LONGEST_PAUSE: Milliseconds = seconds(1)
/** Refusals in a row after which the new password is taken to be unknown to the device. */
const REFUSALS = 3

/**
 * Looks until the device says, to `admin` with `password`, that it is activated. Throws `SETUP_NOT_CONFIRMED`
 * where it says that it is not, `CONTROL_MODE_NOT_REACHED` where it says nothing in time.
 */
export const confirmSetup = async (
  device: ActivationDevice,
  password: Secret,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<ActivatedEntry> => {
  const wsman = device.as({ username: ADMIN, password })
  const until = ports.clock.monotonic() + PATIENCE
  let pause = FIRST_PAUSE
  let refused = 0
  let last: unknown
  for (;;) {
    try {
      const mode = controlModeOf(await wsman.get(IPS_HostBasedSetupService, {}, signal))
      if (mode === 'client' || mode === 'admin') return { mode, wsman, password }
    } catch (error) {
      signal.throwIfAborted()
      last = error
      if (isUnauthorized(error)) {
        if (++refused === REFUSALS) throw activationFaults.SETUP_NOT_CONFIRMED({}, error)
      } else if (!isAmbiguous(error)) throw error
    }
    if (ports.clock.monotonic() >= until)
      throw activationFaults.CONTROL_MODE_NOT_REACHED({ seconds: PATIENCE / 1000 }, last)
    await ports.clock.sleep(pause, signal)
    pause = Math.min(2 * pause, LONGEST_PAUSE)
  }
}
