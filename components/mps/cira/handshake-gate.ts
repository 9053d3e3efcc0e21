import type { Socket } from 'node:net'
import type { Milliseconds } from '@outrider/protocols/values'

/** A peer that takes longer over its part of a handshake goes on with it beside the others. */
const TURN: Milliseconds = 500

/**
 * Lets so many TLS handshakes run at a time; further sockets wait, unread, in the order they came. A handshake is
 * the dearest thing a device can ask for before it has said who it is. What is dear is our part of it: whoever stops
 * in the middle keeps its place for a moment only.
 */
export class HandshakeGate {
  readonly #limit: number
  readonly #backlog: number
  readonly #begin: (socket: Socket) => void
  readonly #running = new Set<Socket>()
  readonly #waiting = new Set<Socket>()

  constructor(options: { readonly limit: number; readonly backlog: number; readonly begin: (socket: Socket) => void }) {
    this.#limit = options.limit
    this.#backlog = options.backlog
    this.#begin = options.begin
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** `'full'` where nobody more may wait: the caller turns the socket away. */
  enter(socket: Socket): 'entered' | 'full' {
    if (this.#running.size >= this.#limit && this.#waiting.size >= this.#backlog) return 'full'
    socket.once('close', () => this.leave(socket))
    if (this.#running.size < this.#limit) this.#run(socket)
    else this.#waiting.add(socket)
    return 'entered'
  }

  /** The socket's handshake is over, or the socket is gone. May be called again. */
  leave(socket: Socket): void {
    this.#waiting.delete(socket)
    if (!this.#running.delete(socket)) return
    for (const next of this.#waiting) {
      if (this.#running.size >= this.#limit) return
      this.#waiting.delete(next)
      this.#run(next)
    }
  }

  #run(socket: Socket): void {
    this.#running.add(socket)
    setTimeout(() => this.leave(socket), TURN).unref()
    this.#begin(socket)
  }
}
