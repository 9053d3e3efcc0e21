/** The little of DER that a PKCS#12 file needs: each function gives the bytes of one element. */
export type Der = Uint8Array<ArrayBuffer>

const element = (tag: number, content: Uint8Array): Der => {
  const length = content.length
  const size =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : length < 0x10000
          ? [0x82, length >> 8, length & 0xff]
          : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  const whole = new Uint8Array(1 + size.length + length)
  whole.set([tag, ...size])
  whole.set(content, 1 + size.length)
  return whole
}

const together = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

export const sequence = (...parts: readonly Uint8Array[]): Der => element(0x30, together(parts))
export const set = (...parts: readonly Uint8Array[]): Der => element(0x31, together(parts))
export const octets = (content: Uint8Array): Der => element(0x04, content)
export const nothing: Der = Uint8Array.of(5, 0)
/** `[number] EXPLICIT` around an element. */
export const explicit = (number: number, content: Uint8Array): Der => element(0xa0 | number, content)
/** `[number] IMPLICIT OCTET STRING`. */
export const implicitOctets = (number: number, content: Uint8Array): Der => element(0x80 | number, content)

/** A whole number from 0 on. */
export const integer = (value: number): Der => {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 0x100)) {
    bytes.unshift(rest & 0xff)
    if (rest < 0x80) return element(0x02, Uint8Array.from(bytes))
  }
}

/** An object identifier in dots. */
export const oid = (dotted: string): Der => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const digits = [arc & 0x7f]
    for (let more = Math.floor(arc / 0x80); more > 0; more = Math.floor(more / 0x80))
      digits.unshift(0x80 | (more & 0x7f))
    bytes.push(...digits)
  }
  return element(0x06, Uint8Array.from(bytes))
}

/** Text as PKCS#12 writes names: two bytes each. */
export const bmpText = (text: string): Der => element(0x1e, new Uint8Array(Buffer.from(text, 'utf16le').swap16()))
