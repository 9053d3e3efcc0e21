import type { DesiredPower, Host, HostChange, Indicator, StatusLine } from '@outrider/domain/hosts'
import { isPowerKind, type Operation, type OperationKind } from '@outrider/domain/operations'
import type { EpochMilliseconds, FaultRecord } from '@outrider/protocols/values'
import { amtKinds, familyOf, isReset, isResetKind, nextReset, powerTexts, reachedReset } from './kinds.ts'

// The desired / current / status / indicator / timestamp fields existing clients poll, kept true by every
// operation from whichever surface (architecture 2; texts: reference/emf-code.md 1.5.1, 1.5.4, 1.6.2).

const TEXT_LIMIT = 1024

const line = (text: string, indicator: Indicator, at: EpochMilliseconds): StatusLine => ({
  text: text.slice(0, TEXT_LIMIT),
  indicator,
  at,
})

const beginLine = (kind: OperationKind, at: EpochMilliseconds): HostChange => {
  if (isPowerKind(kind)) return { powerStatus: line(powerTexts[kind].running, 'in-progress', at) }
  const text = kind === 'activate' ? 'AMT Activation In Progress' : 'AMT Deactivation In Progress'
  return { amtStatus: line(text, 'in-progress', at) }
}

const desiredBy = (host: Host, kind: OperationKind): HostChange => {
  if (kind === 'activate') return { desiredAmt: 'provisioned' }
  if (kind === 'deactivate') return { desiredAmt: 'unprovisioned' }
  if (isResetKind(kind)) return { desiredPower: nextReset(host.desiredPower, host.currentPower) }
  return isPowerKind(kind) ? { desiredPower: powerTexts[kind].desired } : {}
}

/**
 * What a new operation writes. The status line is left to the operation it queues behind, where there is one.
 * `pending`: operations of the host that have not ended, without this one.
 */
export const fieldsOnRequest = (
  host: Host,
  kind: OperationKind,
  pending: readonly Pick<Operation, 'kind'>[],
  at: EpochMilliseconds,
): HostChange => ({
  ...desiredBy(host, kind),
  ...(pending.some((other) => familyOf(other.kind) === familyOf(kind)) ? {} : beginLine(kind, at)),
})

const failedLine = (kind: OperationKind, fault: FaultRecord | undefined, at: EpochMilliseconds): HostChange => {
  if (kind === 'activate') return { amtStatus: line('AMT Activation Failed', 'error', at) }
  if (kind === 'deactivate') return { amtStatus: line('AMT deactivation failed', 'error', at) }
  const text =
    fault?.code === 'DEVICE_NOT_CONNECTED'
      ? 'Device not found/connected'
      : (fault?.message ?? 'Unknown error occurred. Check logs for more details.')
  return { powerStatus: line(text, 'error', at) }
}

const succeeded = (
  host: Host,
  kind: OperationKind,
  later: readonly Pick<Operation, 'kind'>[],
  at: EpochMilliseconds,
): HostChange => {
  if (kind === 'activate') return { currentAmt: 'provisioned', amtStatus: line('AMT Activation Done', 'idle', at) }
  if (kind === 'deactivate')
    return {
      currentAmt: 'unprovisioned',
      amtStatus: line('AMT deactivated', 'idle', at),
      powerStatus: line('', 'unspecified', at),
    }
  if (!isPowerKind(kind)) return {}
  const resets = later.filter((other) => isResetKind(other.kind)).length
  const currentPower: DesiredPower = isResetKind(kind)
    ? reachedReset(host.desiredPower, resets)
    : powerTexts[kind].desired
  const runs = kind === 'power-on' || isResetKind(kind) || kind === 'power-cycle'
  return {
    currentPower,
    powerStatus: line(powerTexts[kind].done, 'idle', at),
    ...(runs ? { powerOnAt: at } : {}),
  }
}

/** The desired field once an operation that did nothing is out of the way. */
const desiredWithout = (host: Host, kind: OperationKind, pending: readonly Pick<Operation, 'kind'>[]): HostChange => {
  const newest = pending.findLast((other) => familyOf(other.kind) === familyOf(kind))?.kind
  if (familyOf(kind) === 'amt') {
    if (newest !== undefined) return { desiredAmt: newest === 'activate' ? 'provisioned' : 'unprovisioned' }
    return { desiredAmt: host.currentAmt === 'provisioned' ? 'provisioned' : 'unprovisioned' }
  }
  if (newest === undefined) return { desiredPower: host.currentPower }
  if (isResetKind(newest))
    return isReset(host.desiredPower) ? {} : { desiredPower: nextReset(host.desiredPower, host.currentPower) }
  return isPowerKind(newest) ? { desiredPower: powerTexts[newest].desired } : {}
}

const restingLine = (host: Host, kind: OperationKind, at: EpochMilliseconds): HostChange => {
  if (familyOf(kind) === 'amt') {
    if (host.currentAmt === 'provisioned') return { amtStatus: line('AMT Activation Done', 'idle', at) }
    return { amtStatus: line('Unknown', 'unspecified', at) }
  }
  const done = Object.values(powerTexts).find((texts) => texts.desired === host.currentPower)?.done
  return { powerStatus: done === undefined ? line('Unknown', 'unspecified', at) : line(done, 'idle', at) }
}

/**
 * What a step of an operation's life writes. `pending`: operations of the host that have not ended, oldest
 * first, without this one. A step within the same life writes nothing.
 */
export const fieldsOnLife = (
  host: Host,
  before: Operation,
  after: Operation,
  pending: readonly Pick<Operation, 'kind'>[],
  at: EpochMilliseconds,
): HostChange => {
  if (before.life === after.life) return {}
  const { kind } = after
  switch (after.life) {
    case 'queued':
      return {}
    case 'running':
      return beginLine(kind, at)
    case 'succeeded':
      return succeeded(host, kind, pending, at)
    case 'failed':
      return failedLine(kind, after.fault, at)
    case 'refused':
      return { ...desiredWithout(host, kind, pending), ...failedLine(kind, after.fault, at) }
    case 'cancelled': {
      const others = pending.some((other) => familyOf(other.kind) === familyOf(kind))
      return { ...desiredWithout(host, kind, pending), ...(others ? {} : restingLine(host, kind, at)) }
    }
  }
}

export const isAmtKind = (kind: OperationKind): boolean => (amtKinds as readonly string[]).includes(kind)
