import { type EpochMilliseconds, seconds } from '@outrider/protocols/values'
import type { Host } from '../hosts/index.ts'
import type { Operation } from '../operations/index.ts'
import { reconcileFaults } from './faults.ts'
import { type GivenOrder, type Memo, readMemo } from './memo.ts'
import { again, isTransient, orderFault, orderSpan, recordOf, standing, tellOnce, waitForAgent } from './orders.ts'
import type { Seen } from './seen.ts'
import type { Step } from './step.ts'

/** After this, a device that has not answered and is still there is looked at and told again. */
const UNPROVISION_SPAN = seconds(15)
const MOST_UNPROVISIONS = 3
const MOST_LOOKS = 6
const BETWEEN_LOOKS = seconds(2)

/**
 * By way of MPS where the tunnel is up, by the agent otherwise; done when the agent has read back that the
 * device is deactivated. Only then its credentials go.
 */
export const planDeactivation = (operation: Operation, host: Host, seen: Seen, now: EpochMilliseconds): Step => {
  const memo = readMemo(operation)
  if (now >= operation.deadline) return timeUp(memo, seen)
  if (memo.unprovisionAt !== undefined) return verify(operation, host, memo, memo.unprovisionAt, seen, now)
  if (memo.order !== undefined) return ordered(operation, host, memo, memo.order, seen, now)
  return begin(operation, host, memo, seen, now)
}

const begin = (operation: Operation, host: Host, memo: Memo, seen: Seen, now: EpochMilliseconds): Step => {
  if (!seen.connected && isDeactivated(host))
    return {
      do: 'succeed',
      note: { step: 'already', message: 'It is not activated; nothing was to be done.' },
      ...forgetting(host),
    }
  if (memo.notBefore !== undefined && now < memo.notBefore)
    return { do: 'wait', until: Math.min(memo.notBefore, operation.deadline) }
  if (seen.connected && !memo.viaAgent) return unprovision(memo, now, false)
  if (seen.agent.listening && !seen.agent.legacy)
    return {
      do: 'order',
      order: 'deactivate',
      memo: { ...memo, tries: memo.tries + 1 },
      note: { step: 'order-offered', message: 'The agent is asked to deactivate the device.' },
    }
  if (now < seen.graceUntil) return { do: 'wait', until: Math.min(seen.graceUntil, operation.deadline) }
  return waitForAgent(memo, seen, operation.createdAt, operation.deadline, now)
}

/** Nothing on record speaks for an activation: neither what we did, nor what the agent read. */
const isDeactivated = (host: Host): boolean =>
  host.currentAmt !== 'provisioned' &&
  host.currentAmt !== 'disconnected' &&
  (host.detection?.controlMode ?? 'none') === 'none'

const unprovision = (memo: Memo, now: EpochMilliseconds, lookFirst: boolean): Step => ({
  do: 'unprovision',
  memo: { ...memo, unprovisionAt: now, unprovisions: memo.unprovisions + 1 },
  lookFirst,
})

/** Credentials go only where somebody has read that the device is not activated. */
const forgetting = (host: Host) => ({
  host: {},
  ...(host.amtGuid === undefined || host.detection?.controlMode !== 'none' ? {} : { forget: host.amtGuid }),
})

const ordered = (
  operation: Operation,
  host: Host,
  memo: Memo,
  order: GivenOrder,
  seen: Seen,
  now: EpochMilliseconds,
): Step => {
  if (isReadBack(host, order.at)) return done(host)
  const stands = standing(order, seen, now)
  const { ticket } = seen
  if (stands === 'succeeded' || ticket?.state === 'succeeded') {
    const { order: _order, ...rest } = memo
    return {
      do: 'record',
      memo: { ...rest, unprovisionAt: order.at, acknowledged: true },
      note: { step: 'deactivated', message: 'The device says that it deactivates itself; reading it back.' },
    }
  }
  if (ticket?.state === 'failed') {
    const fault = recordOf(orderFault(seen))
    if (!isTransient(fault)) return { do: 'fail', fault }
  }
  if (stands === 'going') return { do: 'wait', until: Math.min(order.at + orderSpan(order.kind), operation.deadline) }
  return again(memo, recordOf(orderFault(seen)), now)
}

/** The agent has read, after `since`, that the device is not activated. */
const isReadBack = (host: Host, since: EpochMilliseconds): boolean =>
  host.detection?.controlMode === 'none' && host.detection.at >= since

const done = (host: Host): Step => ({
  do: 'succeed',
  note: { step: 'verified', message: 'Deactivated, and read back.' },
  ...forgetting(host),
})

const verify = (
  operation: Operation,
  host: Host,
  memo: Memo,
  since: EpochMilliseconds,
  seen: Seen,
  now: EpochMilliseconds,
): Step => {
  if (isReadBack(host, since)) return done(host)
  if (memo.order !== undefined) return looking(operation, memo, memo.order, seen, now)
  if (seen.connected && !memo.acknowledged) {
    const due = since + UNPROVISION_SPAN
    if (now < due) return { do: 'wait', until: Math.min(due, operation.deadline) }
    if (memo.unprovisions < MOST_UNPROVISIONS) return unprovision(memo, now, true)
  }
  if (seen.agent.legacy && memo.acknowledged && !seen.connected)
    return {
      do: 'succeed',
      note: { step: 'verified', message: 'Deactivated; its tunnel is gone. The agent cannot read it back.' },
      host: {},
    }
  if (memo.looks >= MOST_LOOKS) return { do: 'fail', fault: reconcileFaults.DEACTIVATION_UNVERIFIED().record() }
  if (memo.notBefore !== undefined && now < memo.notBefore)
    return { do: 'wait', until: Math.min(memo.notBefore, operation.deadline) }
  if (seen.agent.listening && !seen.agent.legacy)
    return {
      do: 'order',
      order: 'detect',
      memo: { ...memo, looks: memo.looks + 1 },
      note: { step: 'reading-back', message: 'The agent is asked to read the control mode.' },
    }
  return seen.agent.legacy
    ? tellOnce(memo, now, operation.deadline, now, {
        step: 'waiting-for-tunnel-end',
        message: 'Waiting for the tunnel of the device to end.',
      })
    : waitForAgent(memo, seen, since, operation.deadline, now)
}

/** The answer to a look is the detection itself; without one it is asked for again. */
const looking = (operation: Operation, memo: Memo, order: GivenOrder, seen: Seen, now: EpochMilliseconds): Step => {
  if (standing(order, seen, now) === 'going')
    return { do: 'wait', until: Math.min(order.at + orderSpan(order.kind), operation.deadline) }
  const { order: _order, ...rest } = memo
  return {
    do: 'record',
    memo: { ...rest, notBefore: now + BETWEEN_LOOKS },
    note: { step: 'not-yet', message: 'The device does not say yet that it is deactivated.' },
  }
}

const timeUp = (memo: Memo, seen: Seen): Step => {
  if (memo.unprovisionAt !== undefined) return { do: 'fail', fault: reconcileFaults.DEACTIVATION_UNVERIFIED().record() }
  if (memo.tries > 0) return { do: 'fail', fault: memo.fault ?? recordOf(orderFault(seen)) }
  const fault = seen.agent.listening ? reconcileFaults.OPERATION_EXPIRED() : reconcileFaults.AGENT_AWAY()
  return { do: 'refuse', fault: fault.record() }
}
