import type { Guid } from '@outrider/protocols/values'
import type { ControlMode } from '../hosts/index.ts'
import type { ProjectId } from '../identity/index.ts'
import type { PresenceEntry } from './presence.ts'

/**
 * What dm-manager asks of MPS about one device. All but `presence` throw `DEVICE_NOT_CONNECTED` where there
 * is no tunnel, `DEVICE_DISCONNECTED` where it ends meanwhile, `AMT_REFUSED`, `WSMAN_NO_REPLY`,
 * `WSMAN_UNAUTHORIZED`.
 */
export interface DeviceControl {
  presence(project: ProjectId, guid: Guid, signal: AbortSignal): Promise<PresenceEntry | undefined>
  /** CIM power state: 2 on, 3/4 sleep, 6/8 off, 7 hibernate (reference/amt-firmware.md 10.1). */
  powerState(project: ProjectId, guid: Guid, signal: AbortSignal): Promise<number>
  /** Power requests the device takes now, as CIM codes. Empty where it does not say. */
  availablePowerRequests(project: ProjectId, guid: Guid, signal: AbortSignal): Promise<readonly number[]>
  /** One RequestPowerStateChange; never sent twice by whoever implements this. */
  requestPower(project: ProjectId, guid: Guid, code: number, signal: AbortSignal): Promise<void>
  controlMode(project: ProjectId, guid: Guid, signal: AbortSignal): Promise<ControlMode>
  /** Sends Unprovision. The tunnel ends by it; read back through the agent. */
  unprovision(project: ProjectId, guid: Guid, signal: AbortSignal): Promise<void>
}
