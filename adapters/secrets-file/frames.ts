import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

// The file is a header and then frames. Each frame is one batch of writes that became durable together:
//
//   header   8 bytes magic, 16 bytes random id of this file
//   frame    4 bytes marker, u32 length of the sealed part, u32 sequence from 0, u32 CRC-32 of those 12 bytes
//            12 bytes nonce, sealed part (AES-256-GCM), 16 bytes tag
//
// Header and frame head are authenticated with the sealed part, so a frame of another place or another file does
// not open: frames cannot be changed, swapped, repeated, or taken out of the middle.

const MAGIC = Buffer.from('OUTRSEC1', 'latin1')
const ID_BYTES = 16
const MARKER = Buffer.from('frm1', 'latin1')
const HEAD_BYTES = 16
const NONCE_BYTES = 12
const TAG_BYTES = 16

export const HEADER_BYTES = MAGIC.length + ID_BYTES
export const KEY_BYTES = 32
/** Bytes of a frame beside what is sealed in it. */
export const FRAME_OVERHEAD = HEAD_BYTES + NONCE_BYTES + TAG_BYTES

export const newHeader = (): Uint8Array => Buffer.concat([MAGIC, randomBytes(ID_BYTES)])

/** The frame that seals `plain` as number `sequence` of the file with this header. */
export const sealFrame = (key: Uint8Array, header: Uint8Array, sequence: number, plain: Uint8Array): Uint8Array => {
  const head = Buffer.alloc(HEAD_BYTES)
  MARKER.copy(head)
  head.writeUInt32LE(plain.length, 4)
  head.writeUInt32LE(sequence, 8)
  head.writeUInt32LE(crc32(head.subarray(0, 12)), 12)
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.concat([header, head]))
  return Buffer.concat([head, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

export type Opened =
  /** `end` is where the last whole frame ends: what is behind it was never acknowledged. */
  | { readonly frames: readonly Uint8Array[]; readonly header: Uint8Array; readonly end: number }
  | { readonly damaged: string }

/**
 * Everything in the file. A last frame that a crash cut short is passed over: it was not yet durable, so nobody was
 * told it was written. Damage anywhere else is damage.
 */
export const openFrames = (key: Uint8Array, file: Uint8Array): Opened => {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length)
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    return { damaged: 'it is not a secret file' }
  const header = bytes.subarray(0, HEADER_BYTES)
  const frames: Uint8Array[] = []
  let at = HEADER_BYTES
  while (at < bytes.length) {
    const rest = bytes.subarray(at)
    if (wasCut(rest, frames.length)) break
    const length = sealedLength(rest, frames.length)
    if (length === undefined) return { damaged: `its part ${frames.length} at byte ${at} is damaged` }
    const end = FRAME_OVERHEAD + length
    const plain = openFrame(key, header, rest.subarray(0, end))
    if (plain === undefined) {
      if (frames.length === 0) return { damaged: 'its key does not open it, or it is damaged' }
      return { damaged: `its part ${frames.length} at byte ${at} is damaged` }
    }
    frames.push(plain)
    at += end
  }
  return { frames, header, end: at }
}

/**
 * Whether `rest` is a frame of which only a part was written: the file ends within it, or has zeros where blocks of
 * it never reached the disk. No whole frame ends in a tag's length of zeros by chance.
 */
const wasCut = (rest: Buffer, sequence: number): boolean => {
  const written = withoutZerosBehind(rest)
  if (written.length < HEAD_BYTES && beginsFrame(written, sequence)) return true
  const length = sealedLength(rest, sequence)
  if (length === undefined) return false
  const end = FRAME_OVERHEAD + length
  return rest.length < end || (rest.length === end && written.length <= end - TAG_BYTES)
}

const withoutZerosBehind = (bytes: Buffer): Buffer => {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end -= 1
  return bytes.subarray(0, end)
}

/** Whether these few bytes are how the frame `sequence` begins, in what is known of it before its length is. */
const beginsFrame = (head: Buffer, sequence: number): boolean => {
  const number = Buffer.alloc(4)
  number.writeUInt32LE(sequence)
  const seenMarker = head.subarray(0, MARKER.length)
  const seenNumber = head.subarray(8, 12)
  return (
    seenMarker.equals(MARKER.subarray(0, seenMarker.length)) && seenNumber.equals(number.subarray(0, seenNumber.length))
  )
}

const sealedLength = (rest: Buffer, sequence: number): number | undefined => {
  const sound =
    rest.length >= HEAD_BYTES &&
    rest.subarray(0, 4).equals(MARKER) &&
    rest.readUInt32LE(8) === sequence &&
    rest.readUInt32LE(12) === crc32(rest.subarray(0, 12))
  return sound ? rest.readUInt32LE(4) : undefined
}

const openFrame = (key: Uint8Array, header: Buffer, frame: Buffer): Uint8Array | undefined => {
  const nonceEnd = HEAD_BYTES + NONCE_BYTES
  const sealedEnd = frame.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, frame.subarray(HEAD_BYTES, nonceEnd))
  decipher.setAAD(Buffer.concat([header, frame.subarray(0, HEAD_BYTES)]))
  decipher.setAuthTag(frame.subarray(sealedEnd))
  try {
    return Buffer.concat([decipher.update(frame.subarray(nonceEnd, sealedEnd)), decipher.final()])
  } catch {
    return undefined
  }
}
