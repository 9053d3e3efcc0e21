import type { Detection, Host, HostChange } from '@outrider/domain/hosts'
import { agent } from '@outrider/protocols/grpc'
import { type EpochMilliseconds, parseGuid } from '@outrider/protocols/values'

const SUPPORT: Readonly<Record<number, Detection['support']>> = {
  [agent.Support.UNSUPPORTED]: 'unsupported',
  [agent.Support.ISM]: 'ism',
  [agent.Support.AMT]: 'amt',
}
const MODE: Readonly<Record<number, Detection['controlMode']>> = {
  [agent.ControlMode.NONE]: 'none',
  [agent.ControlMode.CLIENT]: 'client',
  [agent.ControlMode.ADMIN]: 'admin',
}
const REMOTE: Readonly<Record<number, Detection['remoteStatus']>> = {
  [agent.RemoteStatus.NOT_CONNECTED]: 'not-connected',
  [agent.RemoteStatus.CONNECTING]: 'connecting',
  [agent.RemoteStatus.CONNECTED]: 'connected',
}
/** Longer than anything firmware says; an agent is not to fill the database. */
const TEXT_LIMIT = 200

/** A report as the host keeps it. What it does not say is absent. */
export const readReport = (report: agent.ReportDetectionRequest, at: EpochMilliseconds): Detection => {
  const text = (value: string): string | undefined => (value === '' ? undefined : value.slice(0, TEXT_LIMIT))
  const fields: Omit<Detection, 'support' | 'reason' | 'message' | 'at'> = defined({
    amtGuid: parseGuid(report.amtUuid),
    amtVersion: text(report.amtVersion),
    amtBuild: text(report.amtBuild),
    amtSku: text(report.amtSku),
    controlMode: MODE[report.controlMode],
    mpsHostname: text(report.mpsHostname),
    remoteStatus: REMOTE[report.remoteStatus],
  })
  return {
    support: SUPPORT[report.support] ?? 'unknown',
    reason: text(report.reason) ?? 'UNKNOWN',
    message: text(report.message) ?? '',
    ...fields,
    at,
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
const defined = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>

const sameButTime = (a: Detection | undefined, b: Detection): boolean => a !== undefined && shape(a) === shape(b)
const shape = ({ at: _at, ...rest }: Detection): string => JSON.stringify(Object.entries(rest).sort())

/** What a report changes of the host's record; `undefined` = nothing. */
export const detectionChange = (
  host: Host,
  detection: Detection,
  report: Pick<agent.ReportDetectionRequest, 'hostUuid' | 'serialNumber'>,
  /** Somebody waits for this very report, so that its time matters too. */
  asked: boolean,
  /** Whether an operation of the host is under way: then that decides on the AMT state. */
  busy: boolean,
  /** Whether the device's tunnel is at our MPS. */
  connected: boolean,
): HostChange | undefined => {
  const uuid = parseGuid(report.hostUuid)
  const change: { -readonly [K in keyof HostChange]: HostChange[K] } = {}
  if (asked || busy || !sameButTime(host.detection, detection)) change.detection = detection
  if (host.uuid === undefined && uuid !== undefined) change.uuid = uuid
  if (host.serial === undefined && /^[A-Za-z0-9]{5,20}$/.test(report.serialNumber)) change.serial = report.serialNumber
  if (detection.amtGuid !== undefined && detection.amtGuid !== host.amtGuid) change.amtGuid = detection.amtGuid
  if (!busy) {
    const activated = detection.controlMode === 'client' || detection.controlMode === 'admin'
    const known = host.currentAmt === 'provisioned' || host.currentAmt === 'disconnected'
    // Reset at the machine itself; and the other way round, only a device that is ours counts as activated.
    if (known && detection.controlMode === 'none') change.currentAmt = 'unprovisioned'
    if (!known && activated && connected) change.currentAmt = 'provisioned'
  }
  return Object.keys(change).length === 0 ? undefined : change
}
