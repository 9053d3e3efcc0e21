import { type Bytes, concat } from '@outrider/protocols/values'

// A peer that sends single bytes costs an object for each; beyond this many chunks they are put together.
const MAX_CHUNKS = 32

/** Bytes that arrived and were not read yet, in order. */
export class ChunkQueue {
  #chunks: Bytes[] = []
  #length = 0

  /** Bytes in it. */
  get length(): number {
    return this.#length
  }

  push(chunk: Bytes): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#chunks.length > MAX_CHUNKS) this.#chunks = [concat(this.#chunks)]
  }

  shift(): Bytes | undefined {
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) this.#length -= chunk.length
    return chunk
  }

  clear(): void {
    this.#chunks = []
    this.#length = 0
  }
}
