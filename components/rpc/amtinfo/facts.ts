import type { ChangeToAmtEnabled, Upid } from '@outrider/protocols/mei'
import type { Fault } from '@outrider/protocols/values'
import type { Amthi, CertificateHash } from '@outrider/sessions/local-management'
import type { HostSystem } from '../deps.ts'
import type { Detection } from './detection.ts'

type RemoteAccess = Awaited<ReturnType<Amthi['getRemoteAccess']>>
type LanSettings = Awaited<ReturnType<Amthi['getLanSettings']>>

/** What can be asked for by itself, as the flags of `amtinfo` name it. */
export const items = [
  'ver',
  'bld',
  'sku',
  'uuid',
  'upid',
  'mode',
  'provisioningState',
  'dns',
  'hostname',
  'lan',
  'ras',
  'operationalState',
  'cert',
] as const
export type Item = (typeof items)[number]

/** What was read of AMT. An absent field was not asked for, or could not be read, which the log says. */
export interface AmtFacts {
  readonly version?: string
  readonly build?: string
  readonly sku?: string
  readonly features?: string
  readonly uuid?: string
  readonly controlMode?: number
  readonly provisioningState?: number
  readonly watchdog?: ChangeToAmtEnabled
  readonly dnsSuffix?: string
  readonly remoteAccess?: RemoteAccess
  readonly wired?: LanSettings
  readonly wireless?: LanSettings
  readonly upid?: Upid
  readonly hashes?: readonly CertificateHash[]
  readonly system: HostSystem
  readonly detection: Detection
  /** Why AMT could not be asked at all. */
  readonly failure?: Fault
}
