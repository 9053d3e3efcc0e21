import { Duplex } from 'node:stream'
import type { Bytes } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'

/** A byte stream as the platform's TLS wants one. Takes it over: destroying this closes the stream. */
export class StreamDuplex extends Duplex {
  readonly #stream: ByteStream
  readonly #life = new AbortController()

  constructor(stream: ByteStream) {
    super()
    this.#stream = stream
  }

  override _read(): void {
    this.#stream.read(this.#life.signal).then(
      (chunk: Bytes | undefined) => this.push(chunk ?? null),
      (error: unknown) => this.destroy(asError(error)),
    )
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // TLS uses its buffers again.
    this.#stream.write(chunk.slice(), this.#life.signal).then(
      () => done(),
      (error: unknown) => done(asError(error)),
    )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#life.abort(new Error('closed'))
    this.#stream.close()
    done(error)
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
