import type { EpochMilliseconds } from '@outrider/protocols/values'
import type { Host } from '../hosts/index.ts'
import type { Operation } from '../operations/index.ts'
import { reconcileFaults } from './faults.ts'
import { readMemo } from './memo.ts'
import type { Seen } from './seen.ts'
import type { Step } from './step.ts'

/** What may stand in the way before the device is asked anything; the rest is `domain/power`'s. */
export const planPower = (operation: Operation, host: Host, seen: Seen, now: EpochMilliseconds): Step => {
  // Something may have been sent: only looking tells, whatever else has changed since.
  if (readMemo(operation).marks.sent.length > 0) return { do: 'power' }
  if (now >= operation.deadline) return { do: 'refuse', fault: reconcileFaults.OPERATION_EXPIRED().record() }
  const { detection } = host
  if (detection?.support === 'unsupported') {
    const detail = { why: detection.message, reason: detection.reason }
    return { do: 'refuse', fault: reconcileFaults.MACHINE_UNSUPPORTED(detail).record() }
  }
  if (host.currentAmt !== 'provisioned' && host.currentAmt !== 'disconnected')
    return { do: 'refuse', fault: reconcileFaults.AMT_NOT_PROVISIONED().record() }
  // A device that is not connected is for MPS to name; but after a start of ours it gets the time to dial again.
  if (!seen.connected && now < seen.graceUntil)
    return { do: 'wait', until: Math.min(seen.graceUntil, operation.deadline) }
  return { do: 'power' }
}
