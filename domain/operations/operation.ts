import type { EpochMilliseconds, FaultRecord } from '@outrider/protocols/values'
import type { ControlMode } from '../hosts/index.ts'
import type { ProjectId } from '../identity/index.ts'

/** What can be asked of one host. */
export type OperationKind =
  | 'activate'
  | 'deactivate'
  | 'power-on'
  | 'power-off'
  | 'sleep'
  | 'hibernate'
  /** Asks the operating system alone to shut down, or to restart. */
  | 'soft-off'
  | 'soft-reset'
  | 'reset'
  | 'power-cycle'

export const powerKinds = [
  'power-on',
  'power-off',
  'sleep',
  'hibernate',
  'soft-off',
  'soft-reset',
  'reset',
  'power-cycle',
] as const
export type PowerKind = (typeof powerKinds)[number]
export const isPowerKind = (kind: OperationKind): kind is PowerKind => (powerKinds as readonly string[]).includes(kind)

/** `refused` = nothing was sent to the device. */
export type OperationLife = 'queued' | 'running' | 'succeeded' | 'failed' | 'refused' | 'cancelled'
export const terminal: ReadonlySet<OperationLife> = new Set(['succeeded', 'failed', 'refused', 'cancelled'])

/** One thing that happened on the way, for the progress lines of `--wait`. */
export interface OperationStep {
  readonly at: EpochMilliseconds
  /** Stable name, e.g. `order-offered`, `rpc-started`, `control-mode-confirmed`, `connected`. */
  readonly step: string
  /** A sentence for people. */
  readonly message: string
}

/** One requested act on one host (architecture 2). Two resets in a row are two operations. */
export interface Operation {
  /** `op-` and 20 characters that sort by creation time. */
  readonly id: string
  readonly project: ProjectId
  readonly hostId: string
  readonly kind: OperationKind
  /** Of an activation: the control mode to reach. */
  readonly controlMode?: Exclude<ControlMode, 'none'>
  /** Of a power operation: soft first, or hard at once. */
  readonly powerPolicy?: 'immediate' | 'ordered'
  /** Who asked: subject and shown name; and from where, for the audit alone. */
  readonly requester: { readonly subject: string; readonly name: string; readonly from?: string }
  /** The same key from the same project names the same operation. */
  readonly idempotencyKey?: string
  readonly life: OperationLife
  /** How often it was begun. */
  readonly attempt: number
  /** Fencing: grows with each lease; a write with an older epoch is refused. */
  readonly epoch: number
  /** Who drives it now, until when; absent while queued or ended. */
  readonly lease?: { readonly holder: string; readonly until: EpochMilliseconds }
  /** When it fails for good if it has not ended. */
  readonly deadline: EpochMilliseconds
  /**
   * Set in the same write that precedes the first act on the device of this attempt, so that a crash after it
   * is known to be ambiguous: such an act is never resent (architecture 6).
   */
  readonly actedAt?: EpochMilliseconds
  /** What the attempt needs to be resumed by observation (e.g. the id of its activation ticket). */
  readonly memo: Readonly<Record<string, string>>
  readonly steps: readonly OperationStep[]
  /** Set when ended other than succeeded. */
  readonly fault?: FaultRecord
  readonly createdAt: EpochMilliseconds
  readonly endedAt?: EpochMilliseconds
  readonly revision: number
}

export type OperationChange = Partial<
  Pick<Operation, 'life' | 'attempt' | 'actedAt' | 'memo' | 'fault' | 'endedAt' | 'deadline'>
> & { readonly addSteps?: readonly OperationStep[] }
