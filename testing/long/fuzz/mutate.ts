import { type Bytes, concat, utf8 } from '@outrider/protocols/values'
import type { Noise } from '../noise.ts'

/** Numbers at the edges of their types, as bytes of either order. */
const EDGES: readonly (readonly number[])[] = [
  [0],
  [0xff],
  [0x7f, 0xff],
  [0x80, 0],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 1],
  [1, 0, 0, 0],
]

/** Words that mean something to somebody who reads texts. */
const WORDS = [
  '<',
  '>',
  '&amp;',
  '&x;',
  ']]>',
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  '<!--',
  '\0',
  '\r\n',
  '\r\n\r\n',
  '"',
  '\\',
  '\\u0000',
  '{',
  '[[[[[[[[',
  'null',
  '-1',
  '1e999',
  '99999999999999999999',
  '__proto__',
  'Content-Length: 4294967296\r\n',
  'Transfer-Encoding: chunked\r\n',
  '\ud800',
  'é',
]

/** A few changes of one message, some of them with what another one holds. */
export const mutate = (from: Bytes, others: readonly Bytes[], noise: Noise): Bytes => {
  let bytes = from.slice() as Bytes
  for (let turns = 1 + noise.below(4); turns > 0; turns--) bytes = once(bytes, others, noise)
  return bytes
}

const once = (bytes: Bytes, others: readonly Bytes[], noise: Noise): Bytes => {
  const at = noise.below(bytes.length + 1)
  const to = Math.min(bytes.length, at + 1 + noise.below(noise.chance(0.2) ? 400 : 8))
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (noise.below(10)) {
    case 0: {
      const flipped = bytes.slice()
      if (at < flipped.length) flipped[at]! ^= 1 << noise.below(8)
      return flipped
    }
    case 1:
      return concat([head, noise.bytes(1 + noise.below(8)), tail])
    case 2:
      return concat([head, bytes.subarray(to)])
    case 3:
      return head
    case 4: {
      const edge = Uint8Array.from(noise.pick(EDGES))
      return concat([head, edge, bytes.subarray(Math.min(bytes.length, at + edge.length))])
    }
    case 5:
      return concat([head, utf8(noise.pick(WORDS)), tail])
    case 6: {
      const other = noise.pick(others)
      return concat([head, other.subarray(noise.below(other.length + 1))])
    }
    case 7:
      return concat([head, ...Array.from({ length: 1 + noise.below(50) }, () => bytes.subarray(at, to)), tail])
    case 8: {
      const spoilt = bytes.slice()
      spoilt.set(noise.bytes(to - at), at)
      return spoilt
    }
    default:
      return concat([bytes, noise.pick(others)])
  }
}
