import { type Bytes, text, utf8 } from '../values/index.ts'
import { type Codec, padded, u8, u16le, u32le, Writer } from '../wire/index.ts'

// Field shapes that only MEI messages have. All integers of MEI are little-endian.

/** u32, 0 or 1; any other value than 0 reads as true. */
export const flag32: Codec<boolean> = {
  read: (from) => u32le.read(from) !== 0,
  write: (to, value) => u32le.write(to, value ? 1 : 0),
}

export const i32le: Codec<number> = {
  read: (from) => u32le.read(from) | 0,
  write: (to, value) => u32le.write(to, value >>> 0),
}

/** u16 length of the text, then a field of fixed `size` that holds it, NUL padded. */
export const measured = (size: number): Codec<string> => {
  const field = padded(size)
  return {
    read: (from) => {
      u16le.read(from)
      return field.read(from)
    },
    write: (to, value) => {
      u16le.write(to, utf8(value).length)
      field.write(to, value)
    },
  }
}

/** u16 length, then that much text; NULs at the end, which some firmware counts, are dropped. */
export const text16 = (limit: number): Codec<string> => ({
  read: (from) => {
    const length = u16le.read(from)
    if (length > limit) from.tooLong(length, limit)
    return text(from.bytes(length)).replace(/\0+$/, '')
  },
  write: (to, value) => {
    const encoded = utf8(value)
    if (encoded.length > limit) throw new RangeError(`a text of at most ${limit} bytes was given ${encoded.length}`)
    u16le.write(to, encoded.length)
    to.bytes(encoded)
  },
})

/**
 * u32 count, then a table of `slots` slots of which the first `count` are valid. Written whole; firmware that
 * sends only the valid ones is read as well.
 */
export const slotTable = <T>(slots: number, item: Codec<T>, empty: T): Codec<T[]> => ({
  read: (from) => {
    const count = u32le.read(from)
    if (count > slots) from.tooLong(count, slots)
    return Array.from({ length: count }, () => item.read(from))
  },
  write: (to, value) => {
    if (value.length > slots) throw new RangeError(`a table of ${slots} slots was given ${value.length} entries`)
    const blank = new Writer()
    item.write(blank, empty)
    u32le.write(to, value.length)
    for (const each of value) item.write(to, each)
    to.zeros(blank.length * (slots - value.length))
  },
})

/** `length` zero bytes on writing; on reading as many of them as are there. For the end of a message only. */
export const padding = (length: number): Codec<undefined> => ({
  read: (from) => {
    from.bytes(Math.min(length, from.remaining))
    return undefined
  },
  write: (to) => to.zeros(length),
})

/** At most `length` bytes in a field of `length`, zero padded; read as the whole field. */
export const field = (length: number): Codec<Bytes> => ({
  read: (from) => from.bytes(length),
  write: (to, value) => {
    if (value.length > length) throw new RangeError(`a field of ${length} bytes was given ${value.length}`)
    to.bytes(value)
    to.zeros(length - value.length)
  },
})

const dotted = (word: number): string => [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.')

const word = (address: string): number => {
  const octets = address.split('.')
  if (octets.length !== 4 || octets.some((octet) => !/^\d{1,3}$/.test(octet) || Number(octet) > 255))
    throw new RangeError(`not an IPv4 address: ${address}`)
  return octets.reduce((sum, octet) => sum * 256 + Number(octet), 0)
}

/** IPv4 address as dotted text; `littleEndian` where the word is little-endian with the first octet on top. */
export const ipv4 = (littleEndian: boolean): Codec<string> => ({
  read: (from) => dotted(from.u32(littleEndian)),
  write: (to, value) => to.u32(word(value), littleEndian),
})

/** Exactly `length` items, no count. */
export const exactly = <T>(length: number, item: Codec<T>): Codec<T[]> => ({
  read: (from) => Array.from({ length }, () => item.read(from)),
  write: (to, value) => {
    if (value.length !== length) throw new RangeError(`${length} items are needed, not ${value.length}`)
    for (const each of value) item.write(to, each)
  },
})

/** 6 bytes as `aa:bb:cc:dd:ee:ff`. */
export const mac: Codec<string> = {
  read: (from) => Array.from(from.bytes(6), (byte) => byte.toString(16).padStart(2, '0')).join(':'),
  write: (to, value) => {
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(value)) throw new RangeError(`not a MAC address: ${value}`)
    for (const octet of value.split(':')) u8.write(to, Number.parseInt(octet, 16))
  },
}
