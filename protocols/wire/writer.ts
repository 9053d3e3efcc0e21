import type { Bytes } from '../values/index.ts'

/** Growing buffer that messages are written into. `take()` returns what was written and starts anew. */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #at = 0

  constructor(capacity = 128) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#at
  }

  #room(length: number): number {
    const from = this.#at
    const end = from + length
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, from))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    this.#at = end
    return from
  }

  u8(value: number): void {
    const at = this.#room(1)
    this.#view.setUint8(at, value)
  }

  u16(value: number, littleEndian: boolean): void {
    const at = this.#room(2)
    this.#view.setUint16(at, value, littleEndian)
  }

  u32(value: number, littleEndian: boolean): void {
    const at = this.#room(4)
    this.#view.setUint32(at, value, littleEndian)
  }

  bytes(value: Bytes): void {
    const at = this.#room(value.length)
    this.#bytes.set(value, at)
  }

  zeros(length: number): void {
    const at = this.#room(length)
    this.#bytes.fill(0, at, at + length)
  }

  take(): Uint8Array<ArrayBuffer> {
    const whole = this.#bytes.subarray(0, this.#at)
    this.#bytes = new Uint8Array(0)
    this.#at = 0
    return whole
  }
}
