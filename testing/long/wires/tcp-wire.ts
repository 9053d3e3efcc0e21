import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Noise } from '../noise.ts'
import type { Trouble } from './step-watch.ts'

/** What goes wrong after so many bytes of one direction, of the connections that are made while it is set. */
export interface ByteTrouble {
  readonly trouble: Exclude<Trouble, 'refuse'>
  readonly direction: 'up' | 'down'
  readonly after: number
  readonly times: number
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  stalled: boolean
}

/** A TCP connection in between, for each that is made to it. `up` is towards the server. */
export class TcpWire implements AsyncDisposable {
  readonly #listener: Server
  readonly #noise: Noise
  readonly #pairs = new Set<Pair>()
  #trouble: ByteTrouble | undefined
  #fired = 0

  private constructor(listener: Server, noise: Noise) {
    this.#listener = listener
    this.#noise = noise
  }

  static async open(target: number, noise: Noise): Promise<TcpWire> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true })
    const wire = new TcpWire(listener, noise)
    listener.on('connection', (client) => wire.#join(client, target))
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    return wire
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#pairs.size
  }

  /** How often the trouble that was set last has happened. */
  get fired(): number {
    return this.#fired
  }

  set(trouble: ByteTrouble | undefined): void {
    this.#trouble = trouble
    this.#fired = 0
  }

  /** Cuts every connection without a word. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }

  /** Nothing passes on the present connections any more, though they stay. */
  stall(): void {
    for (const pair of this.#pairs) pair.stalled = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#listener.close(resolve))
  }

  #join(client: Socket, target: number): void {
    const server = connect({ host: '127.0.0.1', port: target, noDelay: true, allowHalfOpen: true })
    const pair: Pair = { client, server, stalled: false }
    this.#pairs.add(pair)
    const trouble = this.#trouble
    for (const [direction, from, to] of [
      ['up', client, server],
      ['down', server, client],
    ] as const) {
      const mine = trouble?.direction === direction ? trouble : undefined
      let left = mine?.after ?? Number.POSITIVE_INFINITY
      from.on('data', (chunk: Buffer) => {
        if (pair.stalled) return
        const whole = chunk.subarray(0, left)
        left -= whole.length
        if (whole.length === chunk.length || mine === undefined || !this.#happens(mine)) {
          if (whole.length < chunk.length) left = Number.POSITIVE_INFINITY
          to.write(chunk)
          return
        }
        this.#disturb(mine, pair, whole, chunk.length - whole.length, to)
      })
      from.on('end', () => {
        if (!pair.stalled) to.end()
        // It has gone; the other end is not told.
        else from.destroy()
      })
      from.on('error', () => undefined)
      from.on('close', () => {
        if (!pair.stalled) to.destroy()
        if (client.destroyed && server.destroyed) this.#pairs.delete(pair)
      })
    }
  }

  #happens(trouble: ByteTrouble): boolean {
    if (this.#trouble !== trouble || this.#fired >= trouble.times) return false
    this.#fired++
    return true
  }

  #disturb({ trouble }: ByteTrouble, pair: Pair, whole: Buffer, rest: number, to: Socket): void {
    switch (trouble) {
      case 'drop':
        pair.client.resetAndDestroy()
        pair.server.resetAndDestroy()
        return
      case 'stall':
        to.write(whole)
        pair.stalled = true
        return
      case 'garbage':
        to.write(Buffer.concat([whole, this.#noise.bytes(rest)]))
        return
      case 'half':
        to.end(whole)
        return
    }
  }
}
