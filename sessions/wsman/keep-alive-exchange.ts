import type { Bytes } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'
import { type HttpResponse, HttpResponseReader } from '@outrider/protocols/wsman'
import { Waiter } from '../streams/waiter.ts'
import { type HttpExchange, NoAnswer } from './http-exchange.ts'

/** Opens a connection to the device's WS-MAN port. Rejects with a fault where there is no way to it. */
export type OpenStream = (signal: AbortSignal) => Promise<ByteStream>

/**
 * Exchanges over connections that stay open as long as the peer lets them. Requests that overlap get a connection
 * each; how many do is for the session to bound. A connection is closed with the request that was given up on, so no
 * answer is ever taken for another request's.
 */
export class KeepAliveExchange implements HttpExchange {
  readonly #open: OpenStream
  readonly #all = new Set<WarmConnection>()
  readonly #idle: WarmConnection[] = []

  constructor(open: OpenStream) {
    this.#open = open
  }

  async send(request: Bytes, _isAnswer: unknown, signal: AbortSignal): Promise<HttpResponse> {
    const connection = this.#warm() ?? (await this.#fresh(signal))
    try {
      const response = await connection.exchange(request, signal)
      if (connection.usable) this.#idle.push(connection)
      else this.#drop(connection)
      return response
    } catch (error) {
      this.#drop(connection)
      throw error
    }
  }

  #warm(): WarmConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined || connection.usable) return connection
      this.#drop(connection)
    }
  }

  async #fresh(signal: AbortSignal): Promise<WarmConnection> {
    const connection = new WarmConnection(await this.#open(signal))
    this.#all.add(connection)
    return connection
  }

  #drop(connection: WarmConnection): void {
    this.#all.delete(connection)
    connection.close()
  }

  discard(): void {
    for (const connection of this.#idle.splice(0)) this.#drop(connection)
  }

  close(): void {
    this.#idle.length = 0
    for (const connection of this.#all) connection.close()
    this.#all.clear()
  }
}

type Incoming = { readonly chunk: Bytes } | { readonly ended: true } | { readonly error: unknown }

/**
 * One connection. While it is idle a read is outstanding, so a peer that closes it is noticed before the next
 * request is written: that request then goes over a new connection, with no doubt about whether it was carried out.
 */
class WarmConnection {
  readonly #stream: ByteStream
  readonly #reader = new HttpResponseReader()
  readonly #life = new AbortController()
  #used = false
  #ended = false
  /** Came while nobody waited for it. */
  #early: Incoming | undefined
  #waiter: Waiter<Incoming> | undefined
  #reading = false

  constructor(stream: ByteStream) {
    this.#stream = stream
  }

  /** Whether the next request may be written: nothing came unasked, nobody closed it. */
  get usable(): boolean {
    return !this.#ended && this.#early === undefined && this.#reader.idle
  }

  async exchange(request: Bytes, signal: AbortSignal): Promise<HttpResponse> {
    const reused = this.#used
    this.#used = true
    try {
      await this.#stream.write(request, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw new NoAnswer(reused, error)
    }
    let silent = true
    for (;;) {
      const incoming = await this.#incoming(signal)
      if ('error' in incoming) throw new NoAnswer(reused && silent, incoming.error)
      if ('ended' in incoming) {
        this.#ended = true
        const last = this.#atEnd()
        if (last === undefined) throw new NoAnswer(reused && silent)
        return last
      }
      silent = false
      this.#reader.push(incoming.chunk)
      const response = this.#reader.next()
      if (response === undefined) continue
      if (response.keepAlive) this.#listen()
      else this.#ended = true
      return response
    }
  }

  /** The answer that the end of the stream completes, where there is one. */
  #atEnd(): HttpResponse | undefined {
    try {
      return this.#reader.end()
    } catch {
      return undefined
    }
  }

  #incoming(signal: AbortSignal): Promise<Incoming> {
    signal.throwIfAborted()
    const early = this.#early
    if (early !== undefined) {
      this.#early = undefined
      return Promise.resolve(early)
    }
    this.#waiter = new Waiter(signal, () => {
      this.#waiter = undefined
    })
    const { promise } = this.#waiter
    this.#listen()
    return promise
  }

  /** Keeps one read outstanding, whether or not somebody waits for what it brings. */
  #listen(): void {
    if (this.#reading) return
    this.#reading = true
    this.#stream.read(this.#life.signal).then(
      (chunk) => this.#came(chunk === undefined ? { ended: true } : { chunk }),
      (error: unknown) => this.#came({ error }),
    )
  }

  #came(incoming: Incoming): void {
    this.#reading = false
    const waiter = this.#waiter
    this.#waiter = undefined
    if (waiter === undefined) this.#early = incoming
    else waiter.resolve(incoming)
  }

  close(): void {
    this.#ended = true
    this.#stream.close()
    this.#life.abort()
  }
}
