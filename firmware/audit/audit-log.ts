import { toHex, utf8 } from '@outrider/protocols/values'
import { type Device, deviceNow, LOCAL_SYSTEM_USER } from '../device.ts'
import type { FlashState } from '../state/flash-state.ts'
import type { Caller } from '../wsman/model.ts'
import { type AuditEntry, MAX_ENTRIES } from './audit-entry.ts'

/** Events of the audit log: application and number (amt-firmware.md 13.2). */
export const auditEvents = {
  provisioningStarted: [16, 0],
  provisioningCompleted: [16, 1],
  userAdded: [16, 2],
  userModified: [16, 3],
  userRemoved: [16, 4],
  invalidCredentials: [16, 5],
  userEnabledState: [16, 6],
  tlsState: [16, 7],
  tlsCertificateSet: [16, 8],
  tlsCertificateRemoved: [16, 9],
  rootAdded: [16, 10],
  rootRemoved: [16, 11],
  upgradedToAdmin: [16, 18],
  unprovisioningStarted: [16, 19],
  poweredUp: [17, 0],
  poweredDown: [17, 1],
  powerCycled: [17, 2],
  reset: [17, 3],
  bootOptionsSet: [17, 4],
  poweredDownGracefully: [17, 5],
  resetGracefully: [17, 6],
  standby: [17, 7],
  hibernated: [17, 8],
  interrupted: [17, 9],
  iderEnabled: [18, 2],
  iderDisabled: [18, 3],
  solEnabled: [18, 6],
  solDisabled: [18, 7],
  kvmEnabled: [18, 10],
  kvmDisabled: [18, 11],
  timeSet: [21, 0],
  consentPolicy: [30, 0],
  consentCodeSent: [30, 1],
} as const satisfies Record<string, readonly [application: number, event: number]>

export type AuditEvent = keyof typeof auditEvents

/** Appends to the log of a draft: what is audited and that it happened are one change. */
export const audit = (
  draft: FlashState,
  device: Device,
  event: AuditEvent,
  by: Caller | 'local' = 'local',
  data: Uint8Array = new Uint8Array(0),
): void => {
  const [application, number] = auditEvents[event]
  draft.audit.push({
    application,
    event: number,
    by: by === 'local' || by.user === LOCAL_SYSTEM_USER ? 'local' : { user: by.user },
    at: Math.floor(deviceNow(device, draft) / 1000),
    data: toHex(data),
  })
  if (draft.audit.length > MAX_ENTRIES) draft.audit.splice(0, draft.audit.length - MAX_ENTRIES)
}

/** The name of an event, e.g. `upgradedToAdmin`; its numbers where it has none. */
export const auditEventName = ({ application, event }: AuditEntry): string =>
  Object.entries(auditEvents).find(([, [a, e]]) => a === application && e === event)?.[0] ?? `${application}/${event}`

/** Extended data that names a user: a type byte 0 (digest), a length, the name. */
export const userData = (user: string): Uint8Array => {
  const name = utf8(user)
  return Uint8Array.of(0, name.length, ...name)
}
