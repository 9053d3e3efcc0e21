import type { ProjectId } from '@outrider/domain/identity'
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
