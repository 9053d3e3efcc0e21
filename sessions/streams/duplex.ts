import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Bytes, type Fault, KiB, type Milliseconds } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'
import { ChunkQueue } from './chunk-queue.ts'
import { streamFaults } from './faults.ts'
import { Waiter } from './waiter.ts'

/** Read ahead this much, so that a reader which takes its time does not stop the socket for each chunk. */
const READ_AHEAD = KiB(64)
/** After `close`: how long the other end has to close too. */
const LINGER: Milliseconds = 2000

/** The same bytes as a plain array: a `Buffer` does not leave the place it came from. */
export const plainBytes = (buffer: Bytes): Bytes => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)

class DuplexStream implements ByteStream {
  readonly #duplex: Duplex
  readonly #queue = new ChunkQueue()
  #reader: Waiter<Bytes | undefined> | undefined
  readonly #writers = new Set<Waiter<void>>()
  #ended = false
  #fault: Fault | undefined

  constructor(duplex: Duplex) {
    this.#duplex = duplex
    // Requests and answers: waiting to fill a segment costs 40 ms each time.
    if (duplex instanceof Socket) duplex.setNoDelay(true)
    duplex.on('data', (chunk: Bytes) => this.#arrived(chunk))
    duplex.on('end', () => this.#end())
    duplex.on('drain', () => this.#drained())
    duplex.on('error', (error) => this.#fail(streamFaults.STREAM_CUT({}, error)))
    duplex.on('close', () => {
      if (!this.#ended) this.#fail(streamFaults.STREAM_CUT())
      this.#failWriters(streamFaults.STREAM_CUT())
    })
  }

  #arrived(chunk: Bytes): void {
    if (this.#fault !== undefined || chunk.length === 0) return
    const reader = this.#reader
    if (reader !== undefined) {
      this.#reader = undefined
      reader.resolve(plainBytes(chunk))
      return
    }
    this.#queue.push(plainBytes(chunk))
    if (this.#queue.length >= READ_AHEAD) this.#duplex.pause()
  }

  #end(): void {
    this.#ended = true
    this.#reader?.resolve(undefined)
    this.#reader = undefined
  }

  #drained(): void {
    for (const writer of this.#writers) writer.resolve()
    this.#writers.clear()
  }

  #failWriters(fault: Fault): void {
    for (const writer of this.#writers) writer.reject(fault)
    this.#writers.clear()
  }

  #fail(fault: Fault): void {
    this.#fault ??= fault
    this.#reader?.reject(this.#fault)
    this.#reader = undefined
    this.#failWriters(this.#fault)
  }

  async read(signal: AbortSignal): Promise<Bytes | undefined> {
    signal.throwIfAborted()
    const chunk = this.#queue.shift()
    if (chunk !== undefined) {
      if (this.#duplex.isPaused() && this.#queue.length < READ_AHEAD) this.#duplex.resume()
      return chunk
    }
    if (this.#fault !== undefined) throw this.#fault
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
    if (!this.#duplex.writable) throw streamFaults.STREAM_CLOSED()
    if (this.#duplex.write(bytes)) return
    const writer = new Waiter<void>(signal, (gone) => this.#writers.delete(gone))
    this.#writers.add(writer)
    return writer.promise
  }

  close(): void {
    this.#queue.clear()
    this.#fail(streamFaults.STREAM_CLOSED())
    if (this.#duplex.destroyed) return
    // What was written goes out; what still comes in is thrown away, or the end would never be seen.
    this.#duplex.resume()
    this.#duplex.end()
    const linger = setTimeout(() => this.#duplex.destroy(), LINGER)
    this.#duplex.once('close', () => clearTimeout(linger))
  }
}

/**
 * A Node duplex (socket, TLS socket, `duplexPair`) as a byte stream. Takes it over: nobody else may read it,
 * write it or listen for its errors any more. Reads and writes reject with `STREAM_CUT` and `STREAM_CLOSED`.
 */
export const duplexStream = (duplex: Duplex): ByteStream => new DuplexStream(duplex)
