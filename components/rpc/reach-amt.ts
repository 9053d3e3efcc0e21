import { Fault, type Milliseconds, seconds } from '@outrider/protocols/values'
import { type Amthi, amthi, type Watchdog, watchdog } from '@outrider/sessions/local-management'
import type { RpcDeps } from './deps.ts'
import type { Log } from './log.ts'

const ATTEMPTS = 4
const BETWEEN: Milliseconds = seconds(4)

/** Trying again does not help: no device node, no right to it, no AMT; or AMT was asked and said no. */
const PERMANENT = new Set(['MEI_NO_DRIVER', 'MEI_NO_PERMISSION', 'MEI_NO_CLIENT', 'AMTHI_REFUSED'])

/** The engine's two clients that every command needs. */
export interface Engine {
  readonly amthi: Amthi
  readonly watchdog: Watchdog
}

export const engineOf = ({ mei, pause, patience }: Pick<RpcDeps, 'mei' | 'pause' | 'patience'>): Engine => ({
  amthi: amthi(mei, { ...patience, pause }),
  watchdog: watchdog(mei, { ...patience, pause }),
})

/**
 * The control mode, which is how every command finds out whether there is AMT: four attempts, four seconds apart.
 * Throws the fault of the last one, having said in the field's words what it means.
 */
export const reachAmt = async (engine: Engine, deps: Pick<RpcDeps, 'pause' | 'signal'>, log: Log): Promise<number> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await engine.amthi.getControlMode(deps.signal)
    } catch (error) {
      deps.signal.throwIfAborted()
      const fault = Fault.from(error)
      if (PERMANENT.has(fault.code) || attempt >= ATTEMPTS) {
        explain(fault, log)
        throw fault
      }
      log.warning(
        `GetControlMode failed (attempt ${attempt}/${ATTEMPTS}): ${fault.message}. Retrying in ${BETWEEN / 1000}s...`,
      )
    }
    await deps.pause(BETWEEN, deps.signal)
  }
}

const explain = (fault: Fault, log: Log): void => {
  switch (fault.code) {
    case 'MEI_NO_DRIVER':
      log.error('AMT not found: MEI/driver is missing or the call to the HECI driver failed')
      break
    case 'MEI_NO_CLIENT':
      log.error('inappropriate ioctl for device')
      break
    case 'MEI_NO_PERMISSION':
      log.error('need administrator privileges')
      break
    case 'AMTHI_REFUSED':
      return
  }
  log.error(
    'Failed to execute due to access issues. Please ensure that Intel ME is present, the MEI driver is installed, and the runtime has administrator or root privileges.',
  )
}
