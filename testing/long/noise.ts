/**
 * Chance that a seed repeats: xorshift32. Whatever a run does by chance comes from one of these, so that its seed
 * is all that is needed to do it again.
 */
export class Noise {
  #state: number

  constructor(seed: number) {
    // Neighbouring seeds are not to begin alike, and zero would stay zero.
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (seed >>> 13)) | 0 || 1
    for (let turn = 0; turn < 8; turn++) this.#next()
  }

  #next(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state | 0
    return state >>> 0
  }

  /** A whole number from 0 to `below` - 1. */
  below(below: number): number {
    return this.#next() % below
  }

  chance(of: number): boolean {
    return this.#next() / 0x1_0000_0000 < of
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at++) bytes[at] = this.#next() >>> 11
    return bytes
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }

  /** The same in another order. */
  shuffled<T>(given: readonly T[]): T[] {
    const all = [...given]
    for (let at = all.length - 1; at > 0; at--) {
      const other = this.below(at + 1)
      ;[all[at], all[other]] = [all[other]!, all[at]!]
    }
    return all
  }

  /** Another source that depends on this one's seed alone. */
  fork(): Noise {
    return new Noise(this.#next())
  }
}
