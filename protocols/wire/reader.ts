import type { Bytes } from '../values/index.ts'
import { wireFaults } from './faults.ts'

/** Thrown by a `Reader` that runs out of bytes: "wait for more", never an error of its own. One shared value. */
export const SHORT: unique symbol = Symbol('short read')

/**
 * Bounds-checked cursor over bytes. Views handed out by `bytes` share memory with the input and are valid as
 * long as it is; whoever keeps one copies it.
 */
export class Reader {
  readonly #view: DataView
  readonly #bytes: Bytes
  readonly protocol: string
  at: number

  constructor(bytes: Bytes, protocol: string, at = 0) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.protocol = protocol
    this.at = at
  }

  get remaining(): number {
    return this.#bytes.length - this.at
  }

  /** Moves past `length` bytes and returns where they begin. Throws `SHORT` where there are fewer. */
  #take(length: number): number {
    const from = this.at
    if (from + length > this.#bytes.length) throw SHORT
    this.at = from + length
    return from
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(littleEndian: boolean): number {
    return this.#view.getUint16(this.#take(2), littleEndian)
  }

  u32(littleEndian: boolean): number {
    return this.#view.getUint32(this.#take(4), littleEndian)
  }

  bytes(length: number): Bytes {
    const from = this.#take(length)
    return this.#bytes.subarray(from, from + length)
  }

  malformed(reason: string): never {
    throw wireFaults.WIRE_MALFORMED({ protocol: this.protocol, reason })
  }

  tooLong(length: number, limit: number): never {
    throw wireFaults.WIRE_TOO_LONG({ protocol: this.protocol, length, limit })
  }
}
