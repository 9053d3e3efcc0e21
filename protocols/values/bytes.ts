// Bytes stay `Uint8Array` from socket to table; text is decoded only at the field that is text.

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export type Bytes = Uint8Array<ArrayBufferLike>

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text)

/** Text of UTF-8 bytes; malformed sequences become U+FFFD. */
export const text = (bytes: Bytes): string => decoder.decode(bytes)

/** Text of UTF-8 bytes, or `undefined` where they are not UTF-8. */
export const strictText = (bytes: Bytes): string | undefined => {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** One array holding all parts in order: copies, so not for a per-chunk path. */
export const concat = (parts: readonly Bytes[]): Uint8Array<ArrayBuffer> => {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export const equalBytes = (a: Bytes, b: Bytes): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal. */
export const toHex = (bytes: Bytes): string => {
  let out = ''
  for (const byte of bytes) out += HEX[byte]
  return out
}

/** Bytes of hexadecimal text in either case, white space ignored; `undefined` where it is not hexadecimal. */
export const fromHex = (hex: string): Uint8Array<ArrayBuffer> | undefined => {
  const clean = hex.replace(/\s+/g, '')
  if (clean.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(clean)) return undefined
  const out = new Uint8Array(clean.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(clean.slice(2 * i, 2 * i + 2), 16)
  return out
}

const ALPHABET = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const PAD = 0x3d
/** What a character stands for; 64 and more is no character of base64. */
const NONE = 64
const VALUE = new Uint8Array(128).fill(NONE)
for (const [value, code] of ALPHABET.entries()) VALUE[code] = value

/** Standard base64 with padding (RFC 4648 section 4). */
export const toBase64 = (bytes: Bytes): string => {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4)
  let at = 0
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    out[at++] = ALPHABET[word >> 18]!
    out[at++] = ALPHABET[(word >> 12) & 63]!
    out[at++] = i + 1 < bytes.length ? ALPHABET[(word >> 6) & 63]! : PAD
    out[at++] = i + 2 < bytes.length ? ALPHABET[word & 63]! : PAD
  }
  return decoder.decode(out)
}

/** Bytes of base64 text, padded or not, white space ignored; `undefined` where it is not base64. */
export const fromBase64 = (base64: string): Uint8Array<ArrayBuffer> | undefined => {
  const clean = (/\s/.test(base64) ? base64.replace(/\s+/g, '') : base64).replace(/={1,2}$/, '')
  if (clean.length % 4 === 1) return undefined
  const out = new Uint8Array(Math.floor((clean.length * 3) / 4))
  let word = 0
  let at = 0
  for (let i = 0; i < clean.length; i++) {
    const value = VALUE[clean.charCodeAt(i)] ?? NONE
    if (value === NONE) return undefined
    word = (word << 6) | value
    if ((i & 3) !== 3) continue
    out[at++] = (word >> 16) & 0xff
    out[at++] = (word >> 8) & 0xff
    out[at++] = word & 0xff
    word = 0
  }
  // Two characters more are one byte more, three are two; what is left of the last is passed over.
  const rest = clean.length % 4
  if (rest === 2) out[at] = (word >> 4) & 0xff
  if (rest === 3) {
    out[at] = (word >> 10) & 0xff
    out[at + 1] = (word >> 2) & 0xff
  }
  return out
}
