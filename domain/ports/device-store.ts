import type { EpochMilliseconds, Guid } from '@outrider/protocols/values'
import type { ProjectId } from '../identity/index.ts'
import type { Page } from './page.ts'

/** The AMT firmware of a machine as MPS knows it (reference/mps.md 4.2, 5.4). Holds no secret. */
export interface Device {
  readonly guid: Guid
  readonly project: ProjectId
  readonly hostname?: string
  readonly friendlyName?: string
  readonly dnsSuffix?: string
  readonly tags: readonly string[]
  /** User the device presents on CIRA. */
  readonly mpsUsername: string
  readonly deviceInfo?: Readonly<Record<string, unknown>>
  /** Flushed in batches; the truth about now is `Presence`. */
  readonly connected: boolean
  readonly mpsInstance?: string
  readonly lastConnected?: EpochMilliseconds
  readonly lastSeen?: EpochMilliseconds
  readonly lastDisconnected?: EpochMilliseconds
}

export interface DeviceQuery {
  readonly hostname?: string
  readonly friendlyName?: string
  readonly tags?: { readonly any?: readonly string[]; readonly all?: readonly string[] }
  readonly connected?: boolean
  readonly skip?: number
  readonly limit: number
}

export interface DeviceSeen {
  readonly guid: Guid
  readonly connected: boolean
  readonly mpsInstance?: string
  readonly lastConnected?: EpochMilliseconds
  readonly lastSeen?: EpochMilliseconds
  readonly lastDisconnected?: EpochMilliseconds
}

export interface DeviceStore {
  get(project: ProjectId, guid: Guid, signal: AbortSignal): Promise<Device | undefined>
  /** For a device that dials in and cannot say its project: the GUID is unique over all projects. */
  byGuid(guid: Guid, signal: AbortSignal): Promise<Device | undefined>
  /** `'foreign'` where another project has this GUID: nothing is written. */
  put(device: Device, signal: AbortSignal): Promise<'inserted' | 'updated' | 'foreign'>
  delete(project: ProjectId, guid: Guid, signal: AbortSignal): Promise<'deleted' | 'missing'>
  /** Ordered by GUID. */
  list(projects: readonly ProjectId[], query: DeviceQuery, signal: AbortSignal): Promise<readonly Device[]>
  count(
    projects: readonly ProjectId[],
    query: Omit<DeviceQuery, 'skip' | 'limit'>,
    signal: AbortSignal,
  ): Promise<number>
  tags(projects: readonly ProjectId[], signal: AbortSignal): Promise<readonly string[]>
  /** Many presence changes in one write; GUIDs without a row are passed over. */
  flushSeen(seen: readonly DeviceSeen[], signal: AbortSignal): Promise<void>
  page(project: ProjectId, after: string | undefined, limit: number, signal: AbortSignal): Promise<Page<Device>>
}
