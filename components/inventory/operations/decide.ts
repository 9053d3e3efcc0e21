import { type ControlMode, conditionOf, type Host } from '@outrider/domain/hosts'
import type { Operation, OperationKind } from '@outrider/domain/operations'
import { Fault } from '@outrider/protocols/values'
import { faults } from '../faults.ts'
import { isAmtKind } from './legacy-fields.ts'

/** One act somebody asks for. */
export interface Wish {
  readonly kind: OperationKind
  /** Of an activation: the mode that was named, or the one the host carries. */
  readonly controlMode?: Exclude<ControlMode, 'none'>
}

/** What else is known of the host's operations when an act is asked for. */
export interface Situation {
  /** Queued or running, oldest first. */
  readonly pending: readonly Operation[]
  /** The last activation or deactivation that was requested, ended or not. */
  readonly lastAmt?: Operation
  /** How many may be pending. */
  readonly limit: number
}

export const isProvisioned = (host: Host): boolean =>
  host.currentAmt === 'provisioned' || host.currentAmt === 'disconnected'

/** The control mode an activated host is in, as far as the record tells. */
export const activeMode = (host: Host): Exclude<ControlMode, 'none'> => {
  const read = host.detection?.controlMode
  if (read === 'client' || read === 'admin') return read
  return host.desiredControlMode === 'admin' ? 'admin' : 'client'
}

/** Whether an activation that failed may have left the firmware activated: it was begun, and nothing has shown since that it did not. */
export const leftInDoubt = (host: Host, lastAmt: Operation | undefined): boolean => {
  const { detection } = host
  // Where no agent ever reported, nothing could reach the firmware.
  if (lastAmt?.life !== 'failed' || lastAmt.attempt === 0 || detection === undefined) return false
  return !(detection.controlMode === 'none' && detection.at >= (lastAmt.endedAt ?? 0))
}

/** Whether the firmware may hold credentials of ours: also after an activation that ended badly half way. */
export const mayBeActivated = (host: Host, lastAmt: Operation | undefined): boolean => {
  const read = host.detection?.controlMode
  return isProvisioned(host) || read === 'client' || read === 'admin' || leftInDoubt(host, lastAmt)
}

/** Whether the host will be activated once everything pending has gone well. */
const willBeActivated = (host: Host, pending: readonly Operation[]): boolean => {
  const last = pending.findLast((operation) => isAmtKind(operation.kind))
  return last === undefined ? isProvisioned(host) : last.kind === 'activate'
}

/**
 * Why `wish` is refused at once, from the record alone; `undefined` where it is to be tried. What only the
 * device or its connection can tell is left to whoever drives the operation.
 */
export const refusal = (host: Host, wish: Wish, situation: Situation): Fault | undefined => {
  const { pending, lastAmt, limit } = situation
  const named = { host: host.name }
  const retiring = conditionOf(host, 'retiring')
  if (retiring !== undefined) return new Fault(retiring.fault)
  if (host.state === 'untrusted' || host.state === 'deleted') return faults.HOST_UNTRUSTED(named)
  if (pending.length >= limit) return faults.OPERATION_QUEUE_FULL({ ...named, pending: pending.length })

  if (wish.kind === 'deactivate') {
    const activating = pending.some((operation) => isAmtKind(operation.kind))
    return activating || mayBeActivated(host, lastAmt) ? undefined : faults.AMT_NOT_ACTIVATED(named)
  }
  const unsupported = host.detection?.support === 'unsupported' ? host.detection : undefined
  const cannot =
    unsupported && faults.AMT_UNSUPPORTED({ ...named, why: unsupported.message, reason: unsupported.reason })
  if (wish.kind !== 'activate')
    return willBeActivated(host, pending) ? undefined : (cannot ?? faults.AMT_NOT_ACTIVATED(named))

  const duplicate = conditionOf(host, 'duplicate-identity')
  if (duplicate !== undefined) return new Fault(duplicate.fault)
  if (pending.some((operation) => isAmtKind(operation.kind))) return cannot
  if (!isProvisioned(host)) return cannot
  const mode = activeMode(host)
  if (isUpgrade(mode, wish.controlMode)) return cannot
  if (wish.controlMode !== undefined && wish.controlMode !== mode) return modeFixed(host, mode, wish.controlMode)
  return faults.AMT_ALREADY_ACTIVATED({ ...named, mode })
}

/** The one way between the modes that needs no deactivation. */
const isUpgrade = (mode: ControlMode, wanted: ControlMode | undefined): boolean =>
  mode === 'client' && wanted === 'admin'

const modeFixed = (host: Host, mode: ControlMode, wanted: Exclude<ControlMode, 'none'>): Fault =>
  faults.CONTROL_MODE_FIXED({
    host: host.name,
    mode,
    wanted,
    how: isUpgrade(mode, wanted)
      ? `Ask for the upgrade in so many words: orch-cli set host ${host.name} --control-mode admin --amt-state provisioned --wait`
      : `Deactivate it (orch-cli set host ${host.name} --amt-state unprovisioned --wait), then activate it with --control-mode ${wanted}.`,
  })

/** Why the wished control mode cannot be written by itself (reference/emf-code.md 3.5). */
export const modeRefusal = (
  host: Host,
  wanted: Exclude<ControlMode, 'none'>,
  pending: readonly Operation[],
): Fault | undefined => {
  if (!willBeActivated(host, pending)) return undefined
  const planned = pending.findLast((operation) => operation.kind === 'activate')?.controlMode
  const mode = planned ?? activeMode(host)
  return mode === wanted ? undefined : modeFixed(host, mode, wanted)
}
