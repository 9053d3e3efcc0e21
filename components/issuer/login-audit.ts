import type { ProjectId } from '@outrider/domain/identity'
import type { Clock } from '@outrider/domain/ports'
import type { FaultRecord } from '@outrider/protocols/values'

/** One attempt of a person to log in. */
export interface LoginAttempt {
  /** The account, where there is one of this name. */
  readonly subject: string | undefined
  /** As it was typed, kept short. */
  readonly name: string
  /** Address of the peer. */
  readonly from: string
  /** Projects the account has a role in; none where nobody is known by this name. */
  readonly projects: readonly ProjectId[]
  /** Why it was refused; absent where it was not. */
  readonly fault?: FaultRecord
}

export type AuditLogin = (attempt: LoginAttempt, signal: AbortSignal) => Promise<void>

const BUDGET = 60
const BUDGET_MILLISECONDS = 60_000

/**
 * Leaves out what anybody can make as much of as they like: beyond a number in a minute, attempts under names nobody
 * has, at accounts that are locked, and those that were not even looked at. All of them are in the log.
 */
export const sparingAudit = (audit: AuditLogin, clock: Pick<Clock, 'monotonic'>): AuditLogin => {
  let began = Number.NEGATIVE_INFINITY
  let left = 0
  return async (attempt, signal) => {
    // Wrong passwords of an account are few: it is locked after some.
    const isBounded = attempt.subject !== undefined && attempt.fault?.code !== 'LOGIN_LOCKED'
    if (!isBounded) {
      const now = clock.monotonic()
      if (now - began >= BUDGET_MILLISECONDS) {
        began = now
        left = BUDGET
      }
      if (left === 0) return
      left--
    }
    await audit(attempt, signal)
  }
}
