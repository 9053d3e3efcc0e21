import type { Secret } from '@outrider/protocols/values'
import type { Caller, ProjectId } from '../identity/index.ts'

export interface IdentityProvider {
  /**
   * The caller an access token stands for: signature, issuer, audience and expiry verified. Throws
   * `TOKEN_REFUSED` (kind auth) or `ISSUER_UNAVAILABLE`.
   */
  verify(token: string, signal: AbortSignal): Promise<Caller>
}

/** Credentials for the agents of one node. */
export interface AgentCredentials {
  /** A new client bound to this host; older ones of the host end. */
  create(
    project: ProjectId,
    hostId: string,
    signal: AbortSignal,
  ): Promise<{ readonly clientId: string; readonly clientSecret: Secret }>
  revoke(project: ProjectId, hostId: string, signal: AbortSignal): Promise<void>
}
