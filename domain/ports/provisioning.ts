import type { EpochMilliseconds, Guid } from '@outrider/protocols/values'
import type { ControlMode } from '../hosts/index.ts'
import type { ProjectId } from '../identity/index.ts'
import type { Ticket } from './provisioning-store.ts'

export interface TicketRequest {
  readonly project: ProjectId
  readonly hostId: string
  readonly operationId: string
  readonly purpose: 'activate' | 'deactivate'
  readonly controlMode: Exclude<ControlMode, 'none'>
  readonly hostUuid?: Guid
  /** Where detection has told it: no other device may use the ticket. */
  readonly amtGuid?: Guid
  readonly expiresAt: EpochMilliseconds
}

/** What dm-manager asks of RPS. */
export interface Provisioning {
  /**
   * Admits one activation (or deactivation) and returns the ticket and its alias: what goes to the agent as
   * `profile_name` (as `action_password` for a deactivation). The default profile and CIRA config of the
   * project are made where they are missing.
   */
  issueTicket(request: TicketRequest, signal: AbortSignal): Promise<{ readonly ticket: Ticket; readonly alias: string }>
  ticket(project: ProjectId, id: string, signal: AbortSignal): Promise<Ticket | undefined>
  /** The ticket admits nothing from now on; a running activation goes on to its own end. */
  revokeTicket(project: ProjectId, id: string, signal: AbortSignal): Promise<void>
  /**
   * Forgets the stored credentials of a device that is known to be deactivated, and its registration. The MEBx
   * password stays: deactivation does not take it back, and only clearing the machine's CMOS would.
   */
  forgetDevice(project: ProjectId, guid: Guid, signal: AbortSignal): Promise<void>
}
