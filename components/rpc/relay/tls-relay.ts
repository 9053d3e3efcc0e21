import type { Bytes } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'

/** What the relay of TLS bytes says to the server. */
export interface TlsEvents {
  data(bytes: Bytes): Promise<void>
  /** The device ended the connection and the server still waits for an answer. */
  reset(): Promise<void>
}

/** A TLS record of type handshake whose first message is ClientHello: the server begins a session. */
export const isClientHello = (bytes: Bytes): boolean => bytes[0] === 0x16 && bytes[5] === 0x01

/**
 * One connection at a time to AMT's TLS port, its bytes passed on as they come: the server ends TLS, not we
 * (reference/rpc.md 15). A ClientHello begins a new connection.
 */
export class TlsRelay {
  readonly #open: (signal: AbortSignal) => Promise<ByteStream>
  readonly #events: TlsEvents
  readonly #signal: AbortSignal
  #stream: ByteStream | undefined
  #fresh = false
  #unanswered = false

  constructor(open: (signal: AbortSignal) => Promise<ByteStream>, events: TlsEvents, signal: AbortSignal) {
    this.#open = open
    this.#events = events
    this.#signal = signal
  }

  /** Connects without sending anything yet. Throws what opening throws. */
  async prepare(): Promise<void> {
    this.close()
    this.#stream = await this.#open(this.#signal)
    this.#fresh = true
    void this.#pump(this.#stream)
  }

  /** Bytes of the server. Throws what opening and writing throw. */
  async forward(bytes: Bytes): Promise<void> {
    if (isClientHello(bytes) && !this.#fresh) await this.prepare()
    const stream = this.#stream
    if (stream === undefined) {
      // The session this belongs to is over; a new connection would not know it.
      await this.#events.reset()
      return
    }
    this.#fresh = false
    this.#unanswered = true
    await stream.write(bytes, this.#signal)
  }

  close(): void {
    this.#stream?.close()
    this.#stream = undefined
    this.#unanswered = false
    this.#fresh = false
  }

  async #pump(stream: ByteStream): Promise<void> {
    try {
      for (;;) {
        const bytes = await stream.read(this.#signal)
        if (bytes === undefined) break
        if (stream !== this.#stream) return
        this.#unanswered = false
        await this.#events.data(bytes)
      }
    } catch {
      // Cut instead of ended: the same for the server.
    }
    stream.close()
    if (stream !== this.#stream) return
    this.#stream = undefined
    this.#fresh = false
    // An end after an answer is usual: TLS itself tells the server.
    if (this.#unanswered && !this.#signal.aborted) await this.#events.reset().catch(() => {})
    this.#unanswered = false
  }
}
