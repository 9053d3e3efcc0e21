import { type Bytes, strictText, text, utf8 } from '../values/index.ts'
import { Reader, SHORT } from './reader.ts'
import { Writer } from './writer.ts'

/** Both directions of one piece of a message, declared once, so that they cannot disagree. */
export interface Codec<T> {
  read(from: Reader): T
  write(to: Writer, value: T): void
}

export type Infer<C> = C extends Codec<infer T> ? T : never

const integer = (bits: 16 | 32, littleEndian: boolean): Codec<number> =>
  bits === 16
    ? { read: (from) => from.u16(littleEndian), write: (to, value) => to.u16(value, littleEndian) }
    : { read: (from) => from.u32(littleEndian), write: (to, value) => to.u32(value, littleEndian) }

export const u8: Codec<number> = { read: (from) => from.u8(), write: (to, value) => to.u8(value) }
export const u32be = integer(32, false)
export const u16le = integer(16, true)
export const u32le = integer(32, true)

/** One byte, 0 or 1 on writing; any other value than 0 reads as true. */
export const flag8: Codec<boolean> = {
  read: (from) => from.u8() !== 0,
  write: (to, value) => to.u8(value ? 1 : 0),
}

/** Exactly `length` bytes. */
export const bytes = (length: number): Codec<Bytes> => ({
  read: (from) => from.bytes(length),
  write: (to, value) => {
    if (value.length !== length) throw new RangeError(`a field of ${length} bytes was given ${value.length}`)
    to.bytes(value)
  },
})

/** `length` bytes that carry nothing: skipped on reading whatever they hold, zero on writing. */
export const reserved = (length: number): Codec<undefined> => ({
  read: (from) => {
    from.bytes(length)
    return undefined
  },
  write: (to) => to.zeros(length),
})

/** A count in `size`, then that many bytes; more than `limit` is refused before they are waited for. */
export const blob = (size: Codec<number>, limit: number): Codec<Bytes> => ({
  read: (from) => {
    const length = size.read(from)
    if (length > limit) from.tooLong(length, limit)
    return from.bytes(length)
  },
  write: (to, value) => {
    if (value.length > limit) throw new RangeError(`a field of at most ${limit} bytes was given ${value.length}`)
    size.write(to, value.length)
    to.bytes(value)
  },
})

/** A count in `size`, then that many bytes of UTF-8 text. */
export const counted = (size: Codec<number>, limit: number): Codec<string> => {
  const inner = blob(size, limit)
  return {
    read: (from) => strictText(inner.read(from)) ?? from.malformed('a text is not UTF-8'),
    write: (to, value) => inner.write(to, utf8(value)),
  }
}

/** Text in a field of fixed length, padded with NUL. Reading stops at the first NUL. */
export const padded = (length: number): Codec<string> => ({
  read: (from) => {
    const field = from.bytes(length)
    const end = field.indexOf(0)
    return text(end < 0 ? field : field.subarray(0, end))
  },
  write: (to, value) => {
    const encoded = utf8(value)
    if (encoded.length > length) throw new RangeError(`a text of at most ${length} bytes was given ${encoded.length}`)
    to.bytes(encoded)
    to.zeros(length - encoded.length)
  },
})

/** Everything that is left. Only for messages whose length an outer frame has fixed. */
export const rest: Codec<Bytes> = {
  read: (from) => from.bytes(from.remaining),
  write: (to, value) => to.bytes(value),
}

/** A count in `size`, then that many items. */
export const list = <T>(size: Codec<number>, item: Codec<T>, limit: number): Codec<T[]> => ({
  read: (from) => {
    const length = size.read(from)
    if (length > limit) from.tooLong(length, limit)
    return Array.from({ length }, () => item.read(from))
  },
  write: (to, value) => {
    if (value.length > limit) throw new RangeError(`a list of at most ${limit} items was given ${value.length}`)
    size.write(to, value.length)
    for (const each of value) item.write(to, each)
  },
})

/** Reserved fields are not part of the value. */
type Silent<F> = { [K in keyof F]: F[K] extends Codec<undefined> ? K : never }[keyof F]
export type StructOf<F> = { [K in Exclude<keyof F, Silent<F>>]: Infer<F[K]> }

// biome-ignore lint/suspicious/noExplicitAny: a table of codecs of many types; StructOf gives each field its own
type AnyFields = Readonly<Record<string, Codec<any>>>

/** Fields one after the other, in the order they are declared: a transcript of the specification's table. */
export const struct = <const F extends AnyFields>(fields: F): Codec<StructOf<F>> => {
  const entries = Object.entries(fields)
  return {
    read: (from) => {
      const value: Record<string, unknown> = {}
      for (const [name, codec] of entries) {
        const field = codec.read(from)
        if (field !== undefined) value[name] = field
      }
      return value as StructOf<F>
    },
    write: (to, value) => {
      const record = value as Record<string, unknown>
      for (const [name, codec] of entries) codec.write(to, record[name])
    },
  }
}

type Variants = Readonly<Record<string, readonly [tag: number, body: AnyFields]>>
export type UnionOf<V extends Variants> = {
  [K in keyof V]: { readonly type: K } & StructOf<V[K][1]>
}[keyof V]

/** A tag in `tag`, then the fields of the variant it names. `type` of the value is the variant's name. */
export const union = <const V extends Variants>(tag: Codec<number>, variants: V): Codec<UnionOf<V>> => {
  const byTag = new Map<number, readonly [name: string, body: Codec<object>]>()
  const byName = new Map<string, readonly [tag: number, body: Codec<object>]>()
  for (const [name, [number, fields]] of Object.entries(variants)) {
    const body = struct(fields) as Codec<object>
    byTag.set(number, [name, body])
    byName.set(name, [number, body])
  }
  return {
    read: (from) => {
      const number = tag.read(from)
      const variant = byTag.get(number) ?? from.malformed(`unknown message type ${number}`)
      const value = variant[1].read(from) as Record<string, unknown>
      value.type = variant[0]
      return value as UnionOf<V>
    },
    write: (to, value) => {
      const [number, body] = byName.get(value.type as string)!
      tag.write(to, number)
      body.write(to, value)
    },
  }
}

export const encode = <T>(codec: Codec<T>, value: T): Uint8Array<ArrayBuffer> => {
  const to = new Writer()
  codec.write(to, value)
  return to.take()
}

/**
 * The value of bytes that must be one whole message. Throws `WIRE_TRUNCATED` where they end too early and
 * `WIRE_MALFORMED` where some are left, unless `tail` is `'ignore'` (firmware pads some answers).
 */
export const decode = <T>(codec: Codec<T>, input: Bytes, protocol: string, tail: 'refuse' | 'ignore' = 'refuse'): T => {
  const from = new Reader(input, protocol)
  try {
    const value = codec.read(from)
    if (tail === 'refuse' && from.remaining > 0) from.malformed(`${from.remaining} bytes follow the message`)
    return value
  } catch (error) {
    if (error !== SHORT) throw error
    return from.malformed('it is shorter than its fields')
  }
}
