import type { EpochMilliseconds } from '@outrider/protocols/values'

/** One record of the audit log (amt-firmware.md 13.2), as it is kept in flash. */
export interface AuditEntry {
  readonly application: number
  readonly event: number
  /** Who: a digest user, or the machine's own side. */
  readonly by: { readonly user: string } | 'local'
  /** Seconds since 1970 by the device's clock. */
  readonly at: number
  /** Extended data of the event, hexadecimal. */
  readonly data: string
}

/** Most that are kept; the oldest goes first (storage policy "roll over"). */
export const MAX_ENTRIES = 200

/** What is in the log of a new machine: an existing server reads a log of one record wrong, so there are two. */
export const firstEntries = (now: EpochMilliseconds): AuditEntry[] => {
  const at = Math.floor(now / 1000)
  return [
    { application: 19, event: 0, by: 'local', at, data: '00100001001907d1001000010019084c' },
    { application: 20, event: 3, by: 'local', at, data: '' },
  ]
}
