import type { Bytes, Guid, Secret } from '@outrider/protocols/values'
import type { Wsman } from '@outrider/protocols/wsman'
import type { ControlMode } from '../hosts/index.ts'
import type { ProjectId } from '../identity/index.ts'
import type { Clock, DeviceRegistration, DeviceRegistry, Random } from '../ports/index.ts'
import type { DeviceSecrets } from './device-secrets.ts'

export interface Credentials {
  readonly username: string
  readonly password: Secret
}

/** The one network account of an activated device. */
export const ADMIN = 'admin'

/** One device as activation sees it: what its management engine said, and a way to talk to it. */
export interface ActivationDevice {
  readonly project: ProjectId
  /** AMT GUID. */
  readonly guid: Guid
  /** As the management engine reported when this connection began. */
  readonly controlMode: ControlMode
  /** The local system account, where the engine gave it out: good while the device is not activated. */
  readonly local?: Credentials
  /** A password for `admin` that came with the request, where one came. */
  readonly offered?: Secret
  /** What is told to MPS about the device besides its identity. */
  readonly about?: Omit<DeviceRegistration, 'project' | 'guid' | 'mpsUsername'>
  /** WS-MAN of the device with this account, over the one connection there is. Asking costs nothing by itself. */
  as(credentials: Credentials): Wsman
}

/** One thing that happened on the way. */
export interface ActivationProgress {
  /** Stable name, e.g. `set-up`. */
  readonly step: ActivationStep
  /** For people, in the words existing clients know (reference/rps.md 1.8). */
  readonly label: string
}

export type ActivationStep =
  | 'started'
  | 'already-activated'
  | 'certificates'
  | 'activated'
  | 'password'
  | 'mebx'
  | 'cleared'
  | 'network-started'
  | 'network'
  | 'features-started'
  | 'features'
  | 'cira-started'
  | 'cira'
  | 'registered'
  | 'deactivating'
  | 'deactivated'

export interface ActivationPorts {
  readonly secrets: DeviceSecrets
  readonly registry: DeviceRegistry
  readonly random: Random
  readonly clock: Clock
  readonly md5: (bytes: Bytes) => Bytes
  readonly report: (progress: ActivationProgress) => void
}
