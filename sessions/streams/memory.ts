import { type Bytes, type Fault, KiB } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'
import { ChunkQueue } from './chunk-queue.ts'
import { streamFaults } from './faults.ts'
import { Waiter } from './waiter.ts'

/** One direction of a pair: a bounded queue with one reader. */
class Pipe {
  readonly #limit: number
  readonly #queue = new ChunkQueue()
  #reader: Waiter<Bytes | undefined> | undefined
  readonly #writers = new Set<Waiter<void>>()
  #ended = false
  #fault: Fault | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  async read(signal: AbortSignal): Promise<Bytes | undefined> {
    signal.throwIfAborted()
    if (this.#fault !== undefined) throw this.#fault
    const chunk = this.#queue.shift()
    if (chunk !== undefined) {
      if (this.#queue.length < this.#limit) this.#release()
      return chunk
    }
    if (this.#ended) return undefined
    if (this.#reader !== undefined) throw new TypeError('one read may be outstanding')
    this.#reader = new Waiter(signal, () => {
      this.#reader = undefined
    })
    return this.#reader.promise
  }

  async write(bytes: Bytes, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#fault !== undefined) throw this.#fault
    if (this.#ended) throw streamFaults.STREAM_CLOSED()
    // The reader keeps what it gets, the writer may use its bytes again: one of them has to be a copy.
    const chunk = bytes.slice()
    const reader = this.#reader
    if (reader !== undefined && chunk.length > 0) {
      this.#reader = undefined
      reader.resolve(chunk)
      return
    }
    this.#queue.push(chunk)
    if (this.#queue.length < this.#limit) return
    const writer = new Waiter<void>(signal, (gone) => this.#writers.delete(gone))
    this.#writers.add(writer)
    return writer.promise
  }

  #release(): void {
    for (const writer of this.#writers) writer.resolve()
    this.#writers.clear()
  }

  /** No more is written; what is in the queue is still read. */
  end(): void {
    this.#ended = true
    this.#reader?.resolve(undefined)
    this.#reader = undefined
    for (const writer of this.#writers) writer.reject(streamFaults.STREAM_CLOSED())
    this.#writers.clear()
  }

  /** Nobody reads any more. */
  abandon(fault: Fault): void {
    this.#fault ??= fault
    this.#queue.clear()
    this.#reader?.reject(fault)
    this.#reader = undefined
    for (const writer of this.#writers) writer.reject(fault)
    this.#writers.clear()
  }
}

class MemoryStream implements ByteStream {
  readonly #incoming: Pipe
  readonly #outgoing: Pipe

  constructor(incoming: Pipe, outgoing: Pipe) {
    this.#incoming = incoming
    this.#outgoing = outgoing
  }

  read(signal: AbortSignal): Promise<Bytes | undefined> {
    return this.#incoming.read(signal)
  }

  write(bytes: Bytes, signal: AbortSignal): Promise<void> {
    return this.#outgoing.write(bytes, signal)
  }

  close(): void {
    this.#outgoing.end()
    this.#incoming.abandon(streamFaults.STREAM_CLOSED())
  }
}

/** Two ends in memory, each holding up to `limit` bytes for its reader before a write waits. */
export const byteStreamPair = (limit = KiB(64)): readonly [ByteStream, ByteStream] => {
  const there = new Pipe(limit)
  const back = new Pipe(limit)
  return [new MemoryStream(back, there), new MemoryStream(there, back)]
}
