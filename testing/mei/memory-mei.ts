import { type MeiConnection, type MeiPort, meiFaults } from '@outrider/protocols/mei'
import type { Bytes, Guid } from '@outrider/protocols/values'

/** One direction of a connection: whole messages, in order. */
class Messages {
  readonly #queue: Bytes[] = []
  #wake = Promise.withResolvers<void>()
  #over = false

  put(message: Bytes): void {
    this.#queue.push(message.slice())
    this.#wake.resolve()
  }

  end(): void {
    this.#over = true
    this.#wake.resolve()
  }

  /** The next one; what was put before the end is still taken. Throws `MEI_RESET` after it. */
  async take(signal?: AbortSignal): Promise<Bytes> {
    for (;;) {
      signal?.throwIfAborted()
      const next = this.#queue.shift()
      if (next !== undefined) return next
      if (this.#over) throw meiFaults.MEI_RESET()
      this.#wake = Promise.withResolvers()
      const wake = this.#wake.resolve
      signal?.addEventListener('abort', () => wake(), { once: true })
      await this.#wake.promise
    }
  }
}

/** The engine's end of one connection. */
export interface EngineEnd {
  readonly client: Guid
  /** The next message of the host; throws `MEI_RESET` where the host has closed. */
  read(): Promise<Bytes>
  write(message: Bytes): void
  /** Ends the connection as a reset of the engine does. */
  reset(): void
  /** Resolves when the host closed or the engine reset. */
  readonly closed: Promise<void>
}

export interface MemoryMeiOptions {
  readonly maxMessageBytes?: number
  /** Plays the engine on one connection; throwing before the first wait refuses the connect with that fault. */
  readonly serve: (engine: EngineEnd) => Promise<void> | void
}

/** A management engine in memory, for tests: what it does on each connection is a function. */
export class MemoryMei implements MeiPort {
  readonly #options: MemoryMeiOptions
  readonly #open = new Set<MemoryConnection>()
  #closing: (() => void)[] = []
  /** Clients of all connects there were, refused ones included. */
  readonly connects: Guid[] = []

  constructor(options: MemoryMeiOptions) {
    this.#options = options
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open.size
  }

  async connect(client: Guid, signal: AbortSignal): Promise<MeiConnection> {
    signal.throwIfAborted()
    this.connects.push(client)
    const connection = new MemoryConnection(client, this.#options.maxMessageBytes ?? 5120, () => {
      this.#open.delete(connection)
      for (const resolve of this.#closing.splice(0)) resolve()
    })
    // The host's close ends a script in the middle: that is how they end.
    const playing = this.#options.serve(connection.engine)
    playing?.catch(() => connection.engine.reset())
    this.#open.add(connection)
    return connection
  }

  reset(): void {
    for (const connection of this.#open) connection.engine.reset()
  }

  /** Resolves with the next close of a connection. */
  nextClose(): Promise<void> {
    return new Promise((resolve) => this.#closing.push(resolve))
  }
}

class MemoryConnection implements MeiConnection {
  readonly protocolVersion = 1
  readonly maxMessageBytes: number
  readonly engine: EngineEnd
  readonly #toEngine = new Messages()
  readonly #toHost = new Messages()
  readonly #closed = Promise.withResolvers<void>()
  readonly #onClose: () => void
  #gone = false

  constructor(client: Guid, maxMessageBytes: number, onClose: () => void) {
    this.maxMessageBytes = maxMessageBytes
    this.#onClose = onClose
    this.engine = {
      client,
      read: () => this.#toEngine.take(),
      write: (message) => this.#toHost.put(message),
      reset: () => this.#end(),
      closed: this.#closed.promise,
    }
  }

  async write(message: Bytes, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (message.length > this.maxMessageBytes) throw new RangeError(`${message.length} bytes are too many`)
    if (this.#gone) throw meiFaults.MEI_RESET()
    this.#toEngine.put(message)
  }

  read(signal: AbortSignal): Promise<Bytes> {
    return this.#toHost.take(signal)
  }

  async close(): Promise<void> {
    this.#end()
    this.#onClose()
  }

  #end(): void {
    this.#gone = true
    this.#toEngine.end()
    this.#toHost.end()
    this.#closed.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
