import type { Clock, Random } from '@outrider/domain/ports'
import { type Guid, parseGuid, toHex } from '@outrider/protocols/values'

// Ascending in ASCII, so that texts sort as the numbers they stand for; no i, l, o, u.
const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz'

const base32 = (value: bigint, characters: number): string => {
  let out = ''
  for (let rest = value, i = 0; i < characters; i++, rest >>= 5n) out = BASE32[Number(rest & 31n)]! + out
  return out
}

/**
 * Makes operation ids: `op-`, 10 characters of the time in milliseconds, 10 of randomness. Ids of one maker
 * strictly ascend, also within a millisecond and when the clock steps back.
 */
export const operationIds = (clock: Clock, random: Random): (() => string) => {
  let last = 0n
  return () => {
    const noise = BigInt(`0x${toHex(random.bytes(7))}`) & ((1n << 50n) - 1n)
    const fresh = (BigInt(clock.now()) << 50n) | noise
    last = fresh > last ? fresh : last + 1n
    return `op-${base32(last, 20)}`
  }
}

/** `host-` and 8 hexadecimal digits (reference/emf-code.md 2.3). */
export const hostId = (random: Random): string => `host-${toHex(random.bytes(4))}`

/** A random UUID (RFC 9562 version 4). */
export const randomGuid = (random: Random): Guid => {
  const bytes = Uint8Array.from(random.bytes(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = toHex(bytes)
  return parseGuid(`${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`)!
}

const HOST_ID = /^host-[0-9a-f]{8}$/
export const isHostId = (text: string): boolean => HOST_ID.test(text)
