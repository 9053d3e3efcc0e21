import type { Socket } from 'node:net'
import { MAX_MEI_MESSAGE_BYTES, meiFaults, meiFrame } from '@outrider/protocols/mei'
import type { Bytes } from '@outrider/protocols/values'
import { encode, Framer } from '@outrider/protocols/wire'

/** Frames that wait for a reader before the socket is paused. */
const QUEUE_LIMIT = 32

interface Waiter {
  resolve(content: Bytes): void
  reject(reason: unknown): void
}

/** A socket that carries frames. The socket belongs to it: `close` destroys it and ends whoever waits. */
export class FrameSocket implements AsyncDisposable {
  readonly #socket: Socket
  readonly #framer = new Framer(meiFrame, 'MEI socket', MAX_MEI_MESSAGE_BYTES + 4)
  readonly #queue: Bytes[] = []
  readonly #waiters: Waiter[] = []
  readonly #closed = Promise.withResolvers<void>()
  #ended: unknown

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Uint8Array) => this.#take(chunk))
    socket.on('end', () => this.#end(meiFaults.MEI_RESET()))
    socket.on('error', (error) => this.#end(meiFaults.MEI_RESET({}, error)))
    socket.on('close', () => {
      this.#end(meiFaults.MEI_RESET())
      this.#closed.resolve()
    })
  }

  /** Resolves when the socket is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /** Sends one frame; waits only while the peer reads slower than this writes. Throws `MEI_RESET` after the end. */
  async send(content: Bytes, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#ended !== undefined) throw this.#ended
    if (this.#socket.write(encode(meiFrame, { content }))) return
    const drained = Promise.withResolvers<void>()
    const onDrain = () => drained.resolve()
    const onClose = () => drained.reject(this.#ended)
    const onAbort = () => drained.reject(signal.reason)
    this.#socket.once('drain', onDrain).once('close', onClose)
    signal.addEventListener('abort', onAbort)
    try {
      await drained.promise
    } finally {
      this.#socket.off('drain', onDrain).off('close', onClose)
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** The next frame's content. Throws `MEI_RESET` once the peer is gone and all it sent was read. */
  async receive(signal: AbortSignal): Promise<Bytes> {
    signal.throwIfAborted()
    const waiting = this.#queue.shift()
    if (waiting !== undefined) {
      if (this.#queue.length === 0) this.#socket.resume()
      return waiting
    }
    if (this.#ended !== undefined) throw this.#ended
    const { promise, resolve, reject } = Promise.withResolvers<Bytes>()
    const waiter: Waiter = { resolve, reject }
    const onAbort = () => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
      reject(signal.reason)
    }
    this.#waiters.push(waiter)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Ends after everything sent has left: for a last word. */
  async finish(): Promise<void> {
    if (this.#ended === undefined) await new Promise<void>((resolve) => this.#socket.end(resolve))
    await this.close()
  }

  async close(): Promise<void> {
    this.#socket.destroy()
    await this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #take(chunk: Bytes): void {
    this.#framer.push(chunk)
    try {
      for (let frame = this.#framer.next(); frame !== undefined; frame = this.#framer.next()) {
        // Views of the framer live until the next push; a queued message lives longer.
        const content = frame.content.slice()
        const waiter = this.#waiters.shift()
        if (waiter === undefined) this.#queue.push(content)
        else waiter.resolve(content)
      }
    } catch (fault) {
      this.#end(fault)
      this.#socket.destroy()
    }
    if (this.#queue.length >= QUEUE_LIMIT) this.#socket.pause()
  }

  #end(reason: unknown): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    for (const waiter of this.#waiters.splice(0)) waiter.reject(reason)
  }
}
