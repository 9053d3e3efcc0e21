import { type Bytes, concat, fromHex, utf8 } from '@outrider/protocols/values'
import type { AuditEntry } from './audit-entry.ts'

// Layout of a record (amt-firmware.md 13.2): u16 BE application, u16 BE event, initiator type (0 digest: length and
// name; 2 local), u32 BE time, location type, length and text of an address, length and extended data.

const DIGEST = 0
const LOCAL = 2
/** No address is told. */
const NO_LOCATION = 2

/** One entry as ReadRecords gives it. */
export const auditRecord = ({ application, event, by, at, data }: AuditEntry): Bytes => {
  const head = new Uint8Array(4)
  const numbers = new DataView(head.buffer)
  numbers.setUint16(0, application)
  numbers.setUint16(2, event)
  const time = new Uint8Array(4)
  new DataView(time.buffer).setUint32(0, at)
  const name = by === 'local' ? undefined : utf8(by.user)
  const initiator = name === undefined ? [LOCAL] : [DIGEST, name.length, ...name]
  const extended = fromHex(data) ?? new Uint8Array(0)
  return concat([head, Uint8Array.from(initiator), time, Uint8Array.of(NO_LOCATION, 0, extended.length), extended])
}
