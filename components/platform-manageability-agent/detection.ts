import { type Guid, parseGuid } from '@outrider/protocols/values'
import { manageabilityFaults } from './faults.ts'
import type { RpcResult } from './rpc-runner.ts'

/** What `rpc amtinfo --json` says, as it is reported. Four values of support, never folded together. */
export interface DetectionReport {
  readonly support: 'unsupported' | 'ism' | 'amt'
  readonly reason: string
  readonly message: string
  readonly amtUuid?: Guid
  readonly version?: string
  readonly build?: string
  readonly sku?: string
  readonly controlMode?: 'none' | 'client' | 'admin'
  readonly remoteStatus?: 'not-connected' | 'connecting' | 'connected'
  readonly mpsHostname?: string
}

const CONTROL_MODES: Readonly<Record<string, DetectionReport['controlMode']>> = {
  'not activated': 'none',
  'pre-provisioning state': 'none',
  'client control mode': 'client',
  'activated in client control mode': 'client',
  'admin control mode': 'admin',
  'activated in admin control mode': 'admin',
}

const REMOTE_STATUS: Readonly<Record<string, DetectionReport['remoteStatus']>> = {
  'not connected': 'not-connected',
  connecting: 'connecting',
  connected: 'connected',
}

const str = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/**
 * The report of a run of `rpc amtinfo --json`. A device that is not there is a report, not a failure; throws
 * `RPC_UNREADABLE` where what was printed is not the document, `DETECTION_FAILED` where RPC could not tell.
 */
export const readDetection = (result: RpcResult): DetectionReport => {
  const info = parse(result.stdout)
  const detection = (info.detection ?? {}) as Record<string, unknown>
  const support = str(detection.support)
  const reason = str(detection.reason)
  if (support === undefined || reason === undefined) throw manageabilityFaults.RPC_UNREADABLE()
  if (support === 'unknown') throw manageabilityFaults.DETECTION_FAILED({ reason: str(detection.message) ?? reason })
  const ras = (info.ras ?? {}) as Record<string, unknown>
  const amtUuid = parseGuid(str(info.uuid) ?? '')
  const controlMode = CONTROL_MODES[str(info.controlMode) ?? '']
  const remoteStatus = REMOTE_STATUS[str(ras.remoteStatus) ?? '']
  const version = str(info.amt)
  const build = str(info.buildNumber)
  const sku = str(info.sku)
  const mpsHostname = str(ras.mpsHostname)
  return {
    support: support === 'amt' ? 'amt' : support === 'ism' ? 'ism' : 'unsupported',
    reason,
    message: str(detection.message) ?? '',
    ...(amtUuid === undefined ? {} : { amtUuid }),
    ...(version === undefined ? {} : { version }),
    ...(build === undefined ? {} : { build }),
    ...(sku === undefined ? {} : { sku }),
    ...(controlMode === undefined ? {} : { controlMode }),
    ...(remoteStatus === undefined ? {} : { remoteStatus }),
    ...(mpsHostname === undefined ? {} : { mpsHostname }),
  }
}

const parse = (stdout: string): Record<string, unknown> => {
  try {
    return JSON.parse(stdout) as Record<string, unknown>
  } catch (error) {
    throw manageabilityFaults.RPC_UNREADABLE({}, error)
  }
}

/** Whether two reports say the same: only changes are sent. */
export const sameReport = (a: DetectionReport | undefined, b: DetectionReport): boolean =>
  a !== undefined && JSON.stringify(a) === JSON.stringify(b)
