import { type MeiConnection, meiFaults } from '@outrider/protocols/mei'
import type { Bytes, Fault } from '@outrider/protocols/values'
import { Waiter } from '@outrider/sessions/streams'

/** One client of the engine as the engine sees it: messages from the host come in, its own go out by `send`. */
export interface EngineClient {
  /** A message of the host. */
  receive(message: Bytes): void
  /** The host closed, or the engine went away. Called once. */
  closed(): void
}

/** What a client is given to answer with. */
export interface HostSide {
  send(message: Bytes): void
  /** The engine goes away under this connection. */
  reset(): void
}

/** How one message of the host fares before a client sees it. */
export type Passage = 'pass' | 'silence' | 'reset'

/** One open connection of the host to one client of the engine, in memory. */
export class EngineConnection implements MeiConnection, HostSide {
  readonly maxMessageBytes: number
  readonly protocolVersion = 1
  readonly #passage: (message: Bytes) => Passage
  readonly #closed: (connection: EngineConnection) => void
  readonly #queue: Bytes[] = []
  #client: EngineClient | undefined
  #reader: Waiter<Bytes> | undefined
  #end: Fault | undefined

  constructor(
    maxMessageBytes: number,
    passage: (message: Bytes) => Passage,
    closed: (connection: EngineConnection) => void,
  ) {
    this.maxMessageBytes = maxMessageBytes
    this.#passage = passage
    this.#closed = closed
  }

  /** Joins the client that serves this connection; before it, nothing may be written. */
  attach(client: EngineClient): void {
    this.#client = client
  }

  async write(message: Bytes, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#end !== undefined) throw this.#end
    if (message.length > this.maxMessageBytes)
      throw new RangeError(`a message of at most ${this.maxMessageBytes} bytes was given ${message.length}`)
    const passage = this.#passage(message)
    if (passage === 'pass') this.#client?.receive(message.slice())
    else if (passage === 'reset') this.reset()
  }

  async read(signal: AbortSignal): Promise<Bytes> {
    signal.throwIfAborted()
    const message = this.#queue.shift()
    if (message !== undefined) return message
    if (this.#end !== undefined) throw this.#end
    if (this.#reader !== undefined) throw new TypeError('one read may be outstanding')
    this.#reader = new Waiter(signal, () => {
      this.#reader = undefined
    })
    return this.#reader.promise
  }

  async close(): Promise<void> {
    this.reset()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  send(message: Bytes): void {
    if (this.#end !== undefined) return
    const reader = this.#reader
    if (reader === undefined) {
      this.#queue.push(message)
      return
    }
    this.#reader = undefined
    reader.resolve(message)
  }

  reset(): void {
    if (this.#end !== undefined) return
    this.#end = meiFaults.MEI_RESET()
    this.#reader?.reject(this.#end)
    this.#reader = undefined
    this.#client?.closed()
    this.#closed(this)
  }
}
