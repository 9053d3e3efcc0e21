import { Duplex } from 'node:stream'
import type { Random } from '../random.ts'
import type { CiraDisturbance } from './disturbance.ts'
import { type TroubleSpot, troubleSpot } from './trouble-spot.ts'

/** A stream whose sending side goes wrong after some bytes; receiving is left as it is. */
class DisturbedStream extends Duplex {
  readonly #inner: Duplex
  readonly #what: CiraDisturbance['what']
  readonly #random: Random
  readonly #spot: TroubleSpot
  #wrong = false

  constructor(inner: Duplex, disturbance: CiraDisturbance, random: Random) {
    super()
    this.#inner = inner
    this.#what = disturbance.what
    this.#spot = troubleSpot(disturbance)
    this.#random = random
    inner.on('data', (chunk) => {
      if (!this.push(chunk)) inner.pause()
    })
    inner.on('end', () => this.push(null))
    // Its end is enough: an error would go on to whatever is built on this, whether anybody is left there or not.
    inner.on('error', () => this.destroy())
    inner.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#inner.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const passes = this.#wrong ? 0 : this.#spot(chunk)
    const whole = chunk.subarray(0, passes)
    this.#wrong ||= passes < chunk.length
    if (!this.#wrong) {
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
