import type { Caller, ProjectId } from '@outrider/domain/identity'
import type { AuditEntry, Clock } from '@outrider/domain/ports'
import type { Fault, Guid } from '@outrider/protocols/values'

/** An act on a device by way of MPS' own surface. */
export interface DeviceAct {
  readonly caller: Caller | undefined
  readonly project: ProjectId
  readonly from: string
  readonly act: string
  readonly guid: Guid
}

/** Records an act and how it ended. */
export type AuditLogAct = (act: DeviceAct, fault: Fault | undefined, signal: AbortSignal) => Promise<void>

/** Acts that reach devices around the operations are audited like those of operations. */
export const auditActs =
  (record: (entry: AuditEntry, signal: AbortSignal) => Promise<void>, clock: Clock): AuditLogAct =>
  (act, fault, signal) =>
    record(
      {
        at: clock.now(),
        project: act.project,
        subject: act.caller?.subject ?? '',
        name: act.caller?.name ?? '',
        from: act.from,
        act: act.act,
        guid: act.guid,
        outcome: fault === undefined ? 'succeeded' : 'failed',
        ...(fault === undefined ? {} : { fault: fault.record() }),
      },
      signal,
    )
