import type { Bytes } from '../values/index.ts'
import type { Codec } from './codec.ts'
import { wireFaults } from './faults.ts'
import { Reader, SHORT } from './reader.ts'

const EMPTY = new Uint8Array(0)

/**
 * Turns a byte stream, split anywhere, into messages. The owner pushes chunks and pulls messages; nothing is
 * parsed before it is pulled, which is what lets the owner hold the stream back.
 *
 * Byte fields of a message are views on the memory they arrived in. That is never written to again, so a view
 * may be kept; it keeps the whole chunk alive. Bytes of a message that is not whole yet are kept in one buffer
 * that doubles, so a long message is copied a constant number of times, however small its chunks. Between
 * messages nothing is kept.
 */
export class Framer<T> {
  #codec: Codec<T>
  readonly #protocol: string
  #limit: number
  #bytes: Bytes = EMPTY
  #from = 0
  #to = 0
  #owned = false

  /** `limit` bounds the bytes of one message that are kept while it is not whole. */
  constructor(codec: Codec<T>, protocol: string, limit: number) {
    this.#codec = codec
    this.#protocol = protocol
    this.#limit = limit
  }

  /** From the next message on, reads with `codec` and keeps up to `limit` bytes: for rules that depend on the phase. */
  expect(codec: Codec<T>, limit: number): void {
    this.#codec = codec
    this.#limit = limit
  }

  /** Bytes received and not yet pulled as part of a message. */
  get pending(): number {
    return this.#to - this.#from
  }

  push(chunk: Bytes): void {
    const pending = this.pending
    if (pending === 0) {
      this.#bytes = chunk
      this.#from = 0
      this.#to = chunk.length
      this.#owned = false
      return
    }
    const needed = pending + chunk.length
    if (this.#owned && this.#to + chunk.length <= this.#bytes.length) {
      this.#bytes.set(chunk, this.#to)
      this.#to += chunk.length
      return
    }
    const larger = new Uint8Array(Math.max(needed * 2, 256))
    larger.set(this.#bytes.subarray(this.#from, this.#to))
    larger.set(chunk, pending)
    this.#bytes = larger
    this.#from = 0
    this.#to = needed
    this.#owned = true
  }

  /** The next whole message, or `undefined` where more bytes are needed. Throws protocol faults. */
  next(): T | undefined {
    if (this.#from === this.#to) return undefined
    const window = this.#bytes.subarray(this.#from, this.#to)
    const reader = new Reader(window, this.#protocol)
    try {
      const message = this.#codec.read(reader)
      this.#from += reader.at
      if (this.#from === this.#to) this.#release()
      return message
    } catch (error) {
      if (error !== SHORT) throw error
      if (window.length > this.#limit)
        throw wireFaults.WIRE_TOO_LONG({
          protocol: this.#protocol,
          length: window.length,
          limit: this.#limit,
        })
      return undefined
    }
  }

  /** To be called when the stream ends. Throws `WIRE_TRUNCATED` where that is inside a message. */
  end(): void {
    if (this.pending > 0) throw wireFaults.WIRE_TRUNCATED({ protocol: this.#protocol })
  }

  #release(): void {
    this.#bytes = EMPTY
    this.#from = 0
    this.#to = 0
    this.#owned = false
  }
}
