import type { EpochMilliseconds } from '@outrider/protocols/values'
import type { Host } from '../hosts/index.ts'
import { type Operation, terminal } from '../operations/index.ts'
import { planActivation } from './plan-activation.ts'
import { planDeactivation } from './plan-deactivation.ts'
import { planPower } from './plan-power.ts'
import type { Seen } from './seen.ts'
import type { Step } from './step.ts'

/** What to do next about an operation, from what is recorded and observed. Pure. */
export const plan = (operation: Operation, host: Host, seen: Seen, now: EpochMilliseconds): Step => {
  if (terminal.has(operation.life)) return { do: 'nothing' }
  switch (operation.kind) {
    case 'activate':
      return planActivation(operation, host, seen, now)
    case 'deactivate':
      return planDeactivation(operation, host, seen, now)
    default:
      return planPower(operation, host, seen, now)
  }
}
