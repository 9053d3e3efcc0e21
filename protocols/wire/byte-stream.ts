import type { Bytes } from '../values/index.ts'

/**
 * The least a protocol needs of whatever carries it: a socket, an APF channel, a WebSocket relay, a pair in
 * memory. Bytes in order, both ways, each way held back by its reader.
 */
export interface ByteStream {
  /**
   * The next bytes, never an empty chunk; `undefined` once the peer has ended its side in order. The chunk is the
   * caller's to keep. At most one read may be outstanding. Rejects with the signal's reason on abort, which
   * loses no bytes: the next `read` returns them; and with a fault where the stream was cut.
   */
  read(signal: AbortSignal): Promise<Bytes | undefined>
  /**
   * Resolves once the stream can take more. `bytes` belong to the stream until then. Rejects with the signal's
   * reason on abort, after which an unknown part may have been sent: such a stream is only good for closing.
   */
  write(bytes: Bytes, signal: AbortSignal): Promise<void>
  /** Ends both directions; nothing that is waiting on this stream waits any longer. May be called again. */
  close(): void
}
