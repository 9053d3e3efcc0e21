import { type EpochMilliseconds, Fault, minutes, seconds } from '@outrider/protocols/values'
import { type ControlMode, conditionOf, type Detection, type Host, type HostChange } from '../hosts/index.ts'
import type { Operation } from '../operations/index.ts'
import type { Ticket } from '../ports/index.ts'
import { reconcileFaults } from './faults.ts'
import { type GivenOrder, type Memo, readMemo } from './memo.ts'
import { again, isTransient, orderFault, orderSpan, recordOf, standing, waitForAgent } from './orders.ts'
import type { Seen } from './seen.ts'
import type { Step } from './step.ts'

// The recovery ladder (reference/emf-design.md B.6).
const STUCK = minutes(3)
const MOST_RECOVERIES = 3
const BETWEEN_RECOVERIES = minutes(2)
const SETTLE = seconds(30)
/** How long RPS may take to write down what the agent has seen already. */
const TICKET_GRACE = seconds(5)

/** Order, its end, the tunnel, and the ladder where the tunnel does not come. */
export const planActivation = (operation: Operation, host: Host, seen: Seen, now: EpochMilliseconds): Step => {
  const memo = readMemo(operation)
  if (now >= operation.deadline) return timeUp(memo, seen)
  const { order } = memo
  if (order === undefined) return begin(operation, host, memo, seen, now)
  if (order.kind !== 'activate') return recovering(operation, memo, order, seen, now)
  const { ticket } = seen
  if (ticket?.state === 'succeeded') return awaitTunnel(operation, host, memo, ticket, seen, now)
  const stands = standing(order, seen, now)
  const wait: Step = { do: 'wait', until: Math.min(order.at + orderSpan(order.kind), operation.deadline) }
  if (ticket?.state === 'failed') {
    const fault = recordOf(orderFault(seen))
    if (!isTransient(fault)) return { do: 'fail', fault }
    // One order at a time: the agent is still about to report the end of this one.
    return stands === 'going' ? wait : again(memo, fault, now)
  }
  if (stands === 'going') return wait
  const settled = (seen.order?.at ?? now) + TICKET_GRACE
  if (seen.order !== undefined && ticket?.state === 'running' && now < settled)
    return { do: 'wait', until: Math.min(settled, operation.deadline) }
  return again(memo, recordOf(orderFault(seen)), now)
}

const begin = (operation: Operation, host: Host, memo: Memo, seen: Seen, now: EpochMilliseconds): Step => {
  const { detection } = host
  const stop = (fault: Fault): Step => ({ do: memo.tries === 0 ? 'refuse' : 'fail', fault: fault.record() })
  const duplicate = conditionOf(host, 'duplicate-identity')
  // What would be set up is told apart from another host's machine by nothing we store.
  if (duplicate !== undefined) return stop(new Fault(duplicate.fault))
  if (detection?.support === 'unsupported')
    return stop(reconcileFaults.MACHINE_UNSUPPORTED({ why: detection.message, reason: detection.reason }))
  const activated = host.currentAmt === 'provisioned' && memo.tries === 0
  const mode = detection?.controlMode
  const { controlMode: wanted = mode } = operation
  if (activated && mode === 'admin' && wanted === 'client')
    return stop(reconcileFaults.ACTIVATED_OTHERWISE({ mode, wanted }))
  const upgrade = activated && mode === 'client' && wanted === 'admin'
  if (activated && seen.connected && !upgrade)
    return { do: 'succeed', note: { step: 'already', message: 'It is activated and connected already.' }, host: {} }
  const foreign = foreignMps(detection, seen)
  if (foreign !== undefined && memo.tries === 0) return stop(reconcileFaults.CONNECTED_TO_FOREIGN_MPS({ mps: foreign }))
  if (memo.notBefore !== undefined && now < memo.notBefore)
    return { do: 'wait', until: Math.min(memo.notBefore, operation.deadline) }
  if (!seen.agent.listening) return waitForAgent(memo, seen, operation.createdAt, operation.deadline, now)
  return {
    do: 'order',
    order: 'activate',
    memo: { ...memo, tries: memo.tries + 1 },
    note: {
      step: 'order-offered',
      message: upgrade
        ? 'The agent is asked to take the device from client into admin control mode.'
        : 'The agent is asked to activate the device.',
    },
  }
}

/** The server a device is connected to that is none of ours. */
const foreignMps = (detection: Detection | undefined, seen: Seen): string | undefined => {
  const name = detection?.mpsHostname
  if (detection?.remoteStatus !== 'connected' || name === undefined || seen.connected) return undefined
  if (seen.ourMps.length === 0 || seen.ourMps.some((ours) => ours.toLowerCase() === name.toLowerCase()))
    return undefined
  return name
}

const awaitTunnel = (
  operation: Operation,
  host: Host,
  memo: Memo,
  ticket: Ticket,
  seen: Seen,
  now: EpochMilliseconds,
): Step => {
  const mode = ticket.reachedMode ?? 'client'
  const change = provedBy(ticket, mode, host)
  const { controlMode: wanted = mode } = operation
  if (mode !== wanted) return { do: 'fail', fault: reconcileFaults.ACTIVATED_OTHERWISE({ mode, wanted }).record() }
  if (ticket.cira !== true)
    return { do: 'succeed', note: { step: 'activated', message: `Activated in ${mode} control mode.` }, host: change }
  if (seen.connected)
    return {
      do: 'succeed',
      note: { step: 'connected', message: 'Activated, and connected to this server.' },
      host: change,
    }
  if (memo.confirmedAt === undefined)
    return {
      do: 'record',
      memo: { ...memo, confirmedAt: now },
      note: {
        step: 'control-mode-confirmed',
        message: `Activated in ${mode} control mode; waiting for the device to connect.`,
      },
    }
  const foreign = foreignMps(host.detection, seen)
  if (foreign !== undefined && host.detection!.at >= memo.confirmedAt)
    return { do: 'fail', fault: reconcileFaults.CONNECTED_TO_FOREIGN_MPS({ mps: foreign }).record() }
  const due = Math.max(memo.confirmedAt + STUCK, (memo.recoveredAt ?? 0) + BETWEEN_RECOVERIES)
  if (now < due) return { do: 'wait', until: Math.min(due, operation.deadline) }
  if (memo.recoveries >= MOST_RECOVERIES) return { do: 'fail', fault: notOpened(memo) }
  if (!seen.agent.listening) return waitForAgent(memo, seen, due, operation.deadline, now)
  const recoveries = memo.recoveries + 1
  return {
    do: 'order',
    order: 'deactivate',
    memo: { ...memo, recoveries, recoveredAt: now },
    note: {
      step: 'recovering',
      message: `The device does not connect; deactivating it to try again (${recoveries} of ${MOST_RECOVERIES}).`,
    },
  }
}

/** What is known of the device by now; its agent, which would say the same, may not have looked again yet. */
const provedBy = ({ amtGuid }: Ticket, controlMode: ControlMode, { detection, ...host }: Host): HostChange => ({
  ...(amtGuid === undefined || amtGuid === host.amtGuid ? {} : { amtGuid }),
  ...(detection === undefined || detection.controlMode === controlMode
    ? {}
    : { detection: { ...detection, controlMode } }),
})

/** However the deactivation went, the device is left in peace for a while and activated anew. */
const recovering = (operation: Operation, memo: Memo, order: GivenOrder, seen: Seen, now: EpochMilliseconds): Step => {
  const going = standing(order, seen, now) === 'going' && seen.ticket?.state !== 'succeeded'
  if (going) return { do: 'wait', until: Math.min(order.at + orderSpan(order.kind), operation.deadline) }
  const { order: _order, confirmedAt: _confirmed, ...rest } = memo
  const span = SETTLE * memo.recoveries
  return {
    do: 'record',
    memo: { ...rest, tries: 1, notBefore: now + span },
    note: { step: 'settling', message: `Leaving the device in peace for ${span / 1000} seconds.` },
  }
}

const notOpened = (memo: Memo) => reconcileFaults.TUNNEL_NOT_OPENED({ recoveries: memo.recoveries }).record()

const timeUp = (memo: Memo, seen: Seen): Step => {
  if (memo.tries === 0) {
    const fault = seen.agent.listening ? reconcileFaults.OPERATION_EXPIRED() : reconcileFaults.AGENT_AWAY()
    return { do: 'refuse', fault: fault.record() }
  }
  if (memo.confirmedAt !== undefined) return { do: 'fail', fault: notOpened(memo) }
  return { do: 'fail', fault: memo.fault ?? recordOf(orderFault(seen)) }
}
