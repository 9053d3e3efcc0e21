import {
  type EpochMilliseconds,
  type Fault,
  type FaultRecord,
  faultStatus,
  type Milliseconds,
  minutes,
  seconds,
} from '@outrider/protocols/values'
import { reconcileFaults } from './faults.ts'
import type { GivenOrder, Memo } from './memo.ts'
import type { Seen } from './seen.ts'
import type { Note, Step } from './step.ts'

/** How long an agent has for an order. */
export const ORDER_SPAN: Milliseconds = minutes(5)
/** Reading the control mode is a matter of seconds. */
const DETECT_SPAN: Milliseconds = seconds(30)
export const orderSpan = (kind: GivenOrder['kind']): Milliseconds => (kind === 'detect' ? DETECT_SPAN : ORDER_SPAN)

/** How long an agent may be away before anybody is told that it is. */
const AGENT_GRACE: Milliseconds = seconds(5)
const MOST_TRIES = 8
const FIRST_PAUSE: Milliseconds = seconds(1)
const LONGEST_PAUSE: Milliseconds = seconds(30)

/**
 * How an order stands. `lost`: the agent listens and this process knows nothing of the order, which a restart
 * does; its alias is nowhere else, so that it cannot be given again.
 */
export const standing = (
  order: GivenOrder,
  seen: Seen,
  now: EpochMilliseconds,
): 'going' | 'succeeded' | 'failed' | 'lost' | 'expired' => {
  const state = seen.order?.state
  if (state === 'succeeded' || state === 'failed') return state
  if (seen.order === undefined && seen.agent.listening) return 'lost'
  return now >= order.at + orderSpan(order.kind) ? 'expired' : 'going'
}

/** The fault of an order that came to nothing: what RPS knows of it, else what the agent says. */
export const orderFault = (seen: Seen): Fault | FaultRecord => {
  if (seen.ticket?.fault !== undefined) return seen.ticket.fault
  if (seen.order?.state === 'failed') return seen.order.fault ?? orderFailed('UNKNOWN', 'no reason was given')
  return reconcileFaults.ORDER_TIMED_OUT()
}

/** The fault of an order, where the agent knows a code at most. */
export const orderFailed = (agentCode: string, agentMessage: string): FaultRecord =>
  reconcileFaults.ORDER_FAILED({ agentCode, agentMessage }).record()

export const recordOf = (fault: Fault | FaultRecord): FaultRecord =>
  'record' in fault && typeof fault.record === 'function' ? fault.record() : (fault as FaultRecord)

/** Whether the same may succeed later without anybody changing anything. */
export const isTransient = (fault: FaultRecord): boolean => faultStatus[fault.kind].transient

/** Gives up the order and comes back to it after a while, or fails where that was tried often enough. */
export const again = (memo: Memo, fault: FaultRecord, now: EpochMilliseconds): Step => {
  if (memo.tries >= MOST_TRIES) return { do: 'fail', fault }
  const { order: _order, ...rest } = memo
  const pause = Math.min(FIRST_PAUSE * 2 ** Math.max(memo.tries - 1, 0), LONGEST_PAUSE)
  return {
    do: 'record',
    memo: { ...rest, notBefore: now + pause, fault },
    note: { step: 'retrying', message: `${fault.message} Trying again.` },
  }
}

/** Waits for the agent until the deadline, and says so once. */
export const waitForAgent = (
  memo: Memo,
  seen: Seen,
  since: EpochMilliseconds,
  deadline: EpochMilliseconds,
  now: EpochMilliseconds,
): Step => {
  const due = Math.max(since, seen.agent.since) + AGENT_GRACE
  return tellOnce(memo, due, deadline, now, {
    step: 'waiting-for-agent',
    message: 'The agent of the machine is not there; waiting for it.',
  })
}

export const tellOnce = (
  memo: Memo,
  due: EpochMilliseconds,
  deadline: EpochMilliseconds,
  now: EpochMilliseconds,
  note: Note,
): Step => {
  if (memo.told.includes(note.step)) return { do: 'wait', until: deadline }
  if (now < due) return { do: 'wait', until: Math.min(due, deadline) }
  return { do: 'record', memo: { ...memo, told: [...memo.told, note.step] }, note }
}
