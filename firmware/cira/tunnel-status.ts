import type { EpochMilliseconds } from '@outrider/protocols/values'
import type { TriggerName } from './triggers.ts'

/** Where the firmware's remote tunnel stands (amt-firmware.md 11.7). */
export interface TunnelStatus {
  readonly at: 'idle' | 'waiting' | 'connecting' | 'connected'
  /** Why it is there: a decision's reason, a failure, or the empty text. */
  readonly reason: string
  readonly trigger: TriggerName | null
  readonly server: string | null
  readonly since: EpochMilliseconds
  /** Attempts that failed in a row. */
  readonly failures: number
}
