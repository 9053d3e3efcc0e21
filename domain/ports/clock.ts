import type { EpochMilliseconds, Milliseconds } from '@outrider/protocols/values'

/** Time comes in through the door: no code below the apps asks the machine for it. */
export interface Clock {
  /** Time of day: for records, tokens and certificates. May jump. */
  now(): EpochMilliseconds
  /** Never jumps: for deadlines and ages. */
  monotonic(): Milliseconds
  /** Resolves after `span`; throws the signal's reason when it aborts first. */
  sleep(span: Milliseconds, signal: AbortSignal): Promise<void>
}
