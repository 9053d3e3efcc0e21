import { createHash, randomFillSync } from 'node:crypto'
import { type Guid, guidFromSmbios, toHex } from '@outrider/protocols/values'

/** Fresh random bytes; the firmware has no other source of chance. */
export type Random = (length: number) => Uint8Array<ArrayBuffer>

export const systemRandom: Random = (length) => randomFillSync(new Uint8Array(length))

/** The same bytes for the same seed: identities of a fleet, and tests that must repeat. Not for secrets. */
export const seededRandom = (seed: string): Random => {
  let block = 0
  return (length) => {
    const out = new Uint8Array(length)
    for (let at = 0; at < length; at += 32) {
      const bytes = createHash('sha256').update(`${seed}\u0000${block++}`).digest()
      out.set(bytes.subarray(0, Math.min(32, length - at)), at)
    }
    return out
  }
}

/** A random (version 4) GUID. */
export const randomGuid = (random: Random): Guid => {
  const bytes = random(16)
  // The version is in the high nibble of the third field, which SMBIOS order stores little-endian.
  bytes[7] = (bytes[7]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return guidFromSmbios(bytes)
}

const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'

/** `length` letters and digits, without those that are mistaken for others. */
export const randomText = (random: Random, length: number): string =>
  Array.from(random(length), (byte) => LETTERS[byte % LETTERS.length]).join('')

/** A digest realm as AMT makes them: `Digest:` and 32 upper-case hexadecimal digits (amt-firmware.md 2.1). */
export const randomRealm = (random: Random): string => `Digest:${toHex(random(16)).toUpperCase()}`
