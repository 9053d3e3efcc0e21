import type { Guid } from '@outrider/protocols/values'
import type { ProjectId } from '../identity/index.ts'

/** What RPS tells MPS about an activated device (reference/rps.md 2.9). Credentials are in the secret store. */
export interface DeviceRegistration {
  readonly project: ProjectId
  readonly guid: Guid
  readonly mpsUsername: string
  readonly hostname?: string
  readonly friendlyName?: string
  readonly dnsSuffix?: string
  readonly tags?: readonly string[]
  readonly deviceInfo?: Readonly<Record<string, unknown>>
}

export interface DeviceRegistry {
  /** Registers or updates; fields that are absent stay. Throws `DEVICE_OF_ANOTHER_PROJECT`. */
  register(device: DeviceRegistration, signal: AbortSignal): Promise<void>
  /** Forgets the device and ends its tunnel. */
  forget(project: ProjectId, guid: Guid, signal: AbortSignal): Promise<void>
  /** Tells MPS that the credentials of this device changed. */
  credentialsChanged(project: ProjectId, guid: Guid, signal: AbortSignal): Promise<void>
}
