import {
  type EpochMilliseconds,
  type FaultRecord,
  type Milliseconds,
  minutes,
  seconds,
} from '@outrider/protocols/values'
import { conditionOf, type Host } from '../hosts/index.ts'
import { isOfPolicy, type Operation, type OperationKind } from '../operations/index.ts'
import { powerClass } from '../power/index.ts'
import { reconcileFaults } from './faults.ts'

/** What is observed of a host that has a policy, besides its record. */
export interface PolicySeen {
  /** Its last operations, newest first; `MOST_TRIES` of them are enough. */
  readonly last: readonly Operation[]
  /** Whether one of them has not ended. */
  readonly pending: boolean
  /** Whether the device's tunnel is at our MPS. */
  readonly connected: boolean
  /** CIM power state; absent until it was looked at. */
  readonly power?: number
  /** Whether an order that is given now reaches its agent soon. */
  readonly agentListening: boolean
}

/** What a policy makes us do next. */
export type PolicyStep =
  /** There is no policy to follow. */
  | { readonly do: 'nothing' }
  | { readonly do: 'wait'; readonly until: EpochMilliseconds }
  /** Read the power state, and plan again. */
  | { readonly do: 'look' }
  /** Ask the agent to look at the machine now, and not when it would by itself. */
  | { readonly do: 'detect' }
  /** `key` names the request: whoever makes it at the same time makes the same one. */
  | { readonly do: 'request'; readonly kind: OperationKind; readonly key: string }
  | { readonly do: 'give-up'; readonly fault: FaultRecord }
  /** It gave up, and all is well now. */
  | { readonly do: 'recovered' }

/** As many tries in a row, and no more until somebody asks. */
export const MOST_TRIES = 6
const FIRST_PAUSE: Milliseconds = seconds(30)
const LONGEST_PAUSE: Milliseconds = minutes(10)
/** What stayed well for so long is no try in a row any more. */
const STEADY: Milliseconds = minutes(60)
/** A device whose tunnel is away is looked at by its agent this often. */
const DETECT_EVERY: Milliseconds = minutes(1)
/** Changes wake it; this is for what changes unnoticed. */
const IDLE: Milliseconds = minutes(5)

/**
 * Pure. A policy asks for operations as anybody does; what it has asked for before is on record there, so that it
 * keeps nothing of its own. `between` is how often the power of a machine that is kept on is looked at.
 */
export const planPolicy = (host: Host, seen: PolicySeen, between: Milliseconds, now: EpochMilliseconds): PolicyStep => {
  const gone = host.state === 'untrusted' || host.state === 'deleted' || conditionOf(host, 'retiring') !== undefined
  if (host.policy === 'follow' || gone) return { do: 'nothing' }
  const later: PolicyStep = { do: 'wait', until: now + (host.policy === 'keep-on' ? between : IDLE) }
  if (seen.pending || conditionOf(host, 'duplicate-identity') !== undefined) return later
  switch (host.policy) {
    case 'keep-on': {
      if (host.currentAmt !== 'provisioned' || !seen.connected) return later
      if (seen.power === undefined) return { do: 'look' }
      const power = powerClass(seen.power)
      if (power === 'unknown') return later
      return power === 'on' ? well(host, later) : mend(host, 'power-on', seen, later, now)
    }
    case 'keep-provisioned': {
      const { detection } = host
      if (host.currentAmt === 'provisioned') {
        const isDue = detection !== undefined && now >= detection.at + DETECT_EVERY
        // A device that was reset at the machine itself begins by losing its tunnel.
        if (!seen.connected && seen.agentListening)
          return isDue ? { do: 'detect' } : { do: 'wait', until: (detection?.at ?? now) + DETECT_EVERY }
        return well(host, later)
      }
      const found = detection?.controlMode === 'none' && (detection.support === 'amt' || detection.support === 'ism')
      return found && seen.agentListening ? mend(host, 'activate', seen, later, now) : later
    }
  }
}

const well = (host: Host, later: PolicyStep): PolicyStep =>
  conditionOf(host, 'policy-gave-up') === undefined ? later : { do: 'recovered' }

const mend = (
  host: Host,
  kind: OperationKind,
  { last }: PolicySeen,
  later: PolicyStep,
  now: EpochMilliseconds,
): PolicyStep => {
  if (conditionOf(host, 'policy-gave-up') !== undefined) return later
  const tries = triesInARow(host, kind, last, now)
  const [newest] = tries
  if (newest !== undefined) {
    if (tries.length >= MOST_TRIES) {
      const detail = { policy: host.policy, host: host.name, tries: tries.length }
      return { do: 'give-up', fault: reconcileFaults.POLICY_GAVE_UP(detail).record() }
    }
    const due = endOf(newest) + Math.min(FIRST_PAUSE * 2 ** (tries.length - 1), LONGEST_PAUSE)
    if (now < due) return { do: 'wait', until: due }
  }
  return { do: 'request', kind, key: `policy ${host.id} ${kind} after ${last[0]?.id ?? 'nothing'}` }
}

const endOf = ({ endedAt, createdAt }: Operation): EpochMilliseconds => endedAt ?? createdAt

/** What the policy has tried since it was written and since anybody else asked for something, newest first. */
const triesInARow = (
  host: Host,
  kind: OperationKind,
  last: readonly Operation[],
  now: EpochMilliseconds,
): readonly Operation[] => {
  let since = now
  const other = last.findIndex((operation) => {
    const counts =
      isOfPolicy(operation.requester) &&
      operation.kind === kind &&
      operation.createdAt >= (host.policySince ?? 0) &&
      since - endOf(operation) <= STEADY
    since = operation.createdAt
    return !counts
  })
  return other === -1 ? last : last.slice(0, other)
}
