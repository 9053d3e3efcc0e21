import { type Condition, type Host, type HostChange, withCondition, withoutConditions } from '@outrider/domain/hosts'
import type { Operation } from '@outrider/domain/operations'
import type { EpochMilliseconds } from '@outrider/protocols/values'
import { faults } from '../faults.ts'

export type RetireAct = Retiring['act']
type Retiring = Extract<Condition, { readonly type: 'retiring' }>

const WHAT: Readonly<Record<RetireAct, string>> = { 'delete-host': 'deleted', 'deauthorise-host': 'deauthorised' }

/** A host goes as soon as `operation`, its deactivation, has succeeded. */
export const beginRetirement = (
  host: Host,
  act: RetireAct,
  operation: string,
  more: Pick<Retiring, 'note' | 'requester'>,
  at: EpochMilliseconds,
): HostChange => {
  const fault = faults.HOST_RETIRING({ host: host.name, what: WHAT[act], operation }).record()
  const condition: Condition = { type: 'retiring', act, operationId: operation, ...more, fault, since: at }
  const others = { conditions: withoutConditions(host, 'retirement-failed') }
  return { conditions: withCondition(others, condition) }
}

/** What the host is once nothing of ours is in its firmware. One that is deleted goes with its row. */
export const retired = (host: Host, act: RetireAct, note: string, at: EpochMilliseconds): HostChange => {
  if (act === 'delete-host') return { state: 'deleted' }
  const text = note === '' ? 'Invalidated' : `Invalidated: ${note}`
  return {
    state: 'untrusted',
    hostStatus: { text, indicator: 'idle', at },
    conditions: withoutConditions(host, 'retiring', 'retirement-failed', 'policy-gave-up'),
  }
}

/** What the end of the deactivation makes of a host that was waiting for it. */
export const afterDeactivation = (
  host: Host,
  retiring: Retiring,
  operation: Operation,
  at: EpochMilliseconds,
): HostChange => {
  if (operation.life === 'succeeded') return retired(host, retiring.act, retiring.note, at)
  const conditions = withoutConditions(host, 'retiring')
  if (operation.life === 'cancelled' || operation.fault === undefined) return { conditions }
  const { code, message } = operation.fault
  const fault = faults.HOST_NOT_RETIRED({ host: host.name, what: WHAT[retiring.act], code, cause: message }).record()
  return { conditions: withCondition({ conditions }, { type: 'retirement-failed', fault, since: at }) }
}
