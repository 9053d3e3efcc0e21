import type { Socket } from 'node:net'
import type { Milliseconds } from '@outrider/protocols/values'

/** Why a socket was closed before it said anything; also what that is counted under. */
export type EarlyEnd = 'too-many-of-one-address' | 'silent'

export interface EarlySocketsOptions {
  /** Sockets one address may have that are not authenticated; 0 = no limit. */
  readonly perAddress: number
  /** Sockets that may be silent at a time. Who has been so for longest goes first: a device speaks at once. */
  readonly silent: number
  /** How long a socket may be silent. */
  readonly patience: Milliseconds
  readonly ended: (reason: EarlyEnd, socket: Socket) => void
}

/**
 * The sockets of devices that have not said who they are. Whoever says nothing at all costs a socket for a while and
 * keeps nobody else from anything.
 */
export class EarlySockets {
  readonly #options: EarlySocketsOptions
  /** With the address each came from. */
  readonly #early = new Map<Socket, string>()
  readonly #silent = new Set<Socket>()
  readonly #byAddress = new Map<string, number>()

  constructor(options: EarlySocketsOptions) {
    this.#options = options
  }

  /** Takes a new socket; `spoke` is called once its first bytes are there to be read. */
  enter(socket: Socket, spoke: () => void): void {
    const { perAddress, silent, patience } = this.#options
    const address = socket.remoteAddress ?? ''
    const count = (this.#byAddress.get(address) ?? 0) + 1
    if (perAddress > 0 && count > perAddress) {
      this.#end(socket, 'too-many-of-one-address')
      return
    }
    this.#byAddress.set(address, count)
    this.#early.set(socket, address)
    this.#silent.add(socket)
    socket.once('close', () => this.settle(socket))
    for (const longest of this.#silent) {
      if (this.#silent.size <= silent) break
      this.#end(longest, 'silent')
    }
    const give = (): void => this.#end(socket, 'silent')
    socket.setTimeout(patience, give)
    socket.once('readable', () => {
      // The end of what it sends makes a socket readable, too.
      if (socket.readableLength === 0) return give()
      socket.setTimeout(0, give)
      if (this.#silent.delete(socket)) spoke()
    })
  }

  /** The device is authenticated, or gone: its socket counts no longer. */
  settle(socket: Socket): void {
    this.#silent.delete(socket)
    const address = this.#early.get(socket)
    if (address === undefined) return
    this.#early.delete(socket)
    const left = (this.#byAddress.get(address) ?? 1) - 1
    if (left > 0) this.#byAddress.set(address, left)
    else this.#byAddress.delete(address)
  }

  /** Ends all that are not authenticated. */
  closeAll(): void {
    for (const socket of this.#early.keys()) socket.destroy()
  }

  #end(socket: Socket, reason: EarlyEnd): void {
    this.#silent.delete(socket)
    this.#options.ended(reason, socket)
    socket.destroy()
  }
}
