import type { EpochMilliseconds, Guid } from '@outrider/protocols/values'
import type { ProjectId } from '../identity/index.ts'

/** Whether a CIRA tunnel is up. Separate from power and from AMT state. */
export interface PresenceEntry {
  readonly guid: Guid
  readonly project: ProjectId
  /** MPS instance that holds the tunnel. */
  readonly instance: string
  /** Newest tunnel wins: grows with each tunnel of the device. */
  readonly epoch: number
  readonly since: EpochMilliseconds
}

export interface Presence {
  /** Claims the device for `instance`. Returns the entry, with a new epoch, and whom it displaced. */
  claim(
    project: ProjectId,
    guid: Guid,
    instance: string,
    at: EpochMilliseconds,
  ): Promise<{ readonly entry: PresenceEntry; readonly displaced?: PresenceEntry }>
  /** Ends the entry with this epoch; a newer one stays. */
  release(entry: PresenceEntry, at: EpochMilliseconds): Promise<void>
  get(project: ProjectId, guid: Guid): Promise<PresenceEntry | undefined>
}
