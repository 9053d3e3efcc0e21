import type { activationFaults } from '@outrider/domain/activation'
import type { Condition, ConditionType, Host, StatusLine } from '@outrider/domain/hosts'
import { type Operation, terminal } from '@outrider/domain/operations'
import type { PresenceEntry } from '@outrider/domain/ports'
import type { EpochMilliseconds, Fault, FaultRecord } from '@outrider/protocols/values'
import { faults } from '../faults.ts'
import { isProvisioned, leftInDoubt } from '../operations/decide.ts'

/** What is observed around a host's record when it is shown. */
export interface HostFacts {
  readonly presence?: PresenceEntry
  readonly last?: Operation
  /** The last activation or deactivation that was tried; read only where `asksForLastAmt`. */
  readonly lastAmt?: Operation
  /** Names devices know our MPS by; empty = not known, and then nobody is foreign. */
  readonly ourMps: readonly string[]
}

/** A condition as clients read it: those on record, and those that are seen while it is shown. */
export interface ShownCondition {
  readonly type: ConditionType | 'limbo' | 'foreign-mps'
  readonly fault: FaultRecord
  readonly since: EpochMilliseconds
}

const LOCKED_OUT: keyof typeof activationFaults.entries = 'AMT_PASSWORD_UNKNOWN'

/** Whether the conditions of this host cannot be told without its last activation or deactivation. */
export const asksForLastAmt = (host: Host): boolean => host.amtStatus.indicator === 'error' || readAsActivated(host)

const readAsActivated = (host: Host): boolean => {
  const read = host.detection?.controlMode
  return !isProvisioned(host) && (read === 'client' || read === 'admin')
}

export const conditionsOf = (host: Host, facts: HostFacts): readonly ShownCondition[] => [
  ...(host.conditions ?? []).map(({ type, fault, since }) => ({ type, fault, since })),
  ...shown('limbo', limbo(host, facts.lastAmt), host),
  ...shown('foreign-mps', foreignMps(host, facts), host),
]

const shown = (type: ShownCondition['type'], fault: Fault | undefined, { detection }: Host): ShownCondition[] =>
  fault === undefined ? [] : [{ type, fault: fault.record(), since: detection?.at ?? 0 }]

/** Nobody knows for certain whether the firmware is activated, or it is and not by us. */
const limbo = (host: Host, lastAmt: Operation | undefined): Fault | undefined => {
  if (lastAmt !== undefined && !terminal.has(lastAmt.life)) return undefined
  const say = (why: string) => faults.HOST_IN_LIMBO({ host: host.name, why })
  if (readAsActivated(host)) return say(`its firmware is in ${host.detection!.controlMode} control mode`)
  if (lastAmt?.life !== 'failed') return undefined
  const code = lastAmt.fault?.code ?? 'UNKNOWN'
  if (code === LOCKED_OUT) return say(`no password that is stored lets us in any more (${code})`)
  if (!isProvisioned(host) && leftInDoubt(host, lastAmt))
    return say(`its last ${lastAmt.kind} failed half way (${code})`)
  const seenSince = (host.detection?.at ?? 0) > (lastAmt.endedAt ?? 0)
  if (lastAmt.kind === 'deactivate' && lastAmt.actedAt !== undefined && !seenSince)
    return say(`its last deactivation could not be verified (${code})`)
  return undefined
}

const foreignMps = (host: Host, { presence, ourMps }: HostFacts): Fault | undefined => {
  const { remoteStatus, mpsHostname: mps } = host.detection ?? {}
  if (remoteStatus !== 'connected' || mps === undefined || presence !== undefined || ourMps.length === 0)
    return undefined
  if (ourMps.some((ours) => ours.toLowerCase() === mps.toLowerCase())) return undefined
  return faults.HOST_AT_FOREIGN_MPS({ host: host.name, mps })
}

// What is worst comes first: there is one line.
const ORDER: readonly ConditionType[] = [
  'retiring',
  'retirement-failed',
  'duplicate-identity',
  'identity-claimed',
  'policy-gave-up',
]

/** The status line of a host: its worst condition on record, else what was written. */
export const hostStatusOf = (host: Host): StatusLine => {
  for (const type of ORDER) {
    const condition = host.conditions?.find((known) => known.type === type)
    if (condition !== undefined) return lineOf(condition)
  }
  return host.hostStatus
}

const lineOf = (condition: Condition): StatusLine => {
  const { fault, since } = condition
  if (condition.type !== 'retiring') return { text: `${fault.code}: ${fault.message}`, indicator: 'error', at: since }
  const text = condition.act === 'delete-host' ? 'Deleting' : 'Deauthorising'
  return { text, indicator: 'in-progress', at: since }
}
