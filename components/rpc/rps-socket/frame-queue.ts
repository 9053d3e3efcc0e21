import { type Bytes, type Milliseconds, seconds } from '@outrider/protocols/values'
import { plainBytes, Waiter } from '@outrider/sessions/streams'
import type { RawData, WebSocket } from 'ws'
import type { RpsSocket } from '../deps.ts'
import { rpcFaults } from '../faults.ts'

/** Frames that wait for a reader before the server is held back. */
const QUEUE_LIMIT = 16
const PING_EVERY: Milliseconds = seconds(30)
/** Pings without an answer after which the server is taken for gone. */
const PINGS_LOST = 3
/** After `close`: how long the server has to close too. */
const LINGER: Milliseconds = seconds(2)

/** The frames of one WebSocket, which belongs to it. */
export class FrameQueue implements RpsSocket {
  readonly #socket: WebSocket
  readonly #queue: Bytes[] = []
  readonly #closed = Promise.withResolvers<void>()
  readonly #ping: NodeJS.Timeout
  #reader: Waiter<Bytes | undefined> | undefined
  #unanswered = 0
  #over = false

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: RawData) => this.#arrived(data))
    socket.on('pong', () => {
      this.#unanswered = 0
    })
    socket.on('error', () => socket.terminate())
    socket.on('close', () => this.#end())
    this.#ping = setInterval(() => this.#keepAlive(), PING_EVERY)
  }

  async send(frame: Bytes, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#over) throw rpcFaults.RPS_CLOSED()
    const sent = new Waiter<void>(signal)
    this.#socket.send(frame, { binary: false }, (error) => {
      if (error) sent.reject(rpcFaults.RPS_CLOSED({}, error))
      else sent.resolve()
    })
    await sent.promise
  }

  async receive(signal: AbortSignal): Promise<Bytes | undefined> {
    signal.throwIfAborted()
    const frame = this.#queue.shift()
    if (frame !== undefined) {
      if (this.#socket.isPaused) this.#socket.resume()
      return frame
    }
    if (this.#over) return undefined
    this.#reader = new Waiter(signal, () => {
      this.#reader = undefined
    })
    return this.#reader.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) {
      if (this.#socket.isPaused) this.#socket.resume()
      this.#socket.close(1000)
      const linger = setTimeout(() => this.#socket.terminate(), LINGER)
      await this.#closed.promise
      clearTimeout(linger)
    }
  }

  #arrived(data: RawData): void {
    const frame = plainBytes(
      Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data),
    )
    const reader = this.#reader
    this.#reader = undefined
    if (reader !== undefined) {
      reader.resolve(frame)
      return
    }
    this.#queue.push(frame)
    if (this.#queue.length >= QUEUE_LIMIT) this.#socket.pause()
  }

  #keepAlive(): void {
    // A server that is held back cannot show that it lives.
    if (this.#socket.readyState !== this.#socket.OPEN || this.#socket.isPaused) return
    if (this.#unanswered >= PINGS_LOST) {
      this.#socket.terminate()
      return
    }
    this.#unanswered++
    this.#socket.ping()
  }

  #end(): void {
    this.#over = true
    clearInterval(this.#ping)
    this.#reader?.resolve(undefined)
    this.#reader = undefined
    this.#closed.resolve()
  }
}
