import { Duplex } from 'node:stream'
import type { Random } from '../random.ts'
import type { CiraDisturbance } from './disturbances.ts'

/** A stream whose sending side goes wrong after some bytes; receiving is left as it is. */
class DisturbedStream extends Duplex {
  readonly #inner: Duplex
  readonly #what: CiraDisturbance['what']
  readonly #random: Random
  #left: number

  constructor(inner: Duplex, disturbance: CiraDisturbance, random: Random) {
    super()
    this.#inner = inner
    this.#what = disturbance.what
    this.#left = disturbance.afterBytes ?? 0
    this.#random = random
    inner.on('data', (chunk) => {
      if (!this.push(chunk)) inner.pause()
    })
    inner.on('end', () => this.push(null))
    inner.on('error', (error) => this.destroy(error))
    inner.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#inner.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const whole = chunk.subarray(0, this.#left)
    this.#left -= whole.length
    if (whole.length === chunk.length) {
      this.#inner.write(chunk, done)
      return
    }
    switch (this.#what) {
      case 'stall':
        // Never done: whoever writes waits for ever.
        this.#inner.write(whole)
        return
      case 'half-frame':
        this.#inner.end(chunk.subarray(0, Math.max(whole.length, Math.min(1, chunk.length - 1))))
        done()
        return
      case 'garbage':
        this.#inner.write(Buffer.concat([whole, this.#random(chunk.length - whole.length)]), done)
        return
      default:
        this.#inner.write(whole, () => this.#inner.destroy())
        done()
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#inner.writable) this.#inner.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner.destroy()
    done(error)
  }
}

/** `stream` as `disturbance` would have it. */
export const disturb = (stream: Duplex, disturbance: CiraDisturbance, random: Random): Duplex =>
  new DisturbedStream(stream, disturbance, random)
