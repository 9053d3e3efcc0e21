import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Milliseconds } from '@outrider/protocols/values'
import { faults } from './faults.ts'

/** Where to listen. Plain HTTP is for loopback only; the configuration sees to that. */
export interface ListenAddress {
  readonly scheme: 'https' | 'http'
  readonly host: string
  readonly port: number
}

export interface ServerCredentials {
  readonly key: string
  readonly certificate: string
}

export interface Serving {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

const KiB = 1024
const TIMES = {
  /** From the first byte to the end of the TLS handshake. */
  handshakeTimeout: 10_000,
  headersTimeout: 20_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 15_000,
}
const SESSION_IDLE_MILLISECONDS = 600_000
const TCP_KEEP_ALIVE_MILLISECONDS = 30_000

/**
 * Takes the addresses at once, so that a port in use is known before anything else is opened and ports are known
 * to those who name them; answers 503 until `serve`. Throws `ADDRESS_IN_USE` and `ADDRESS_REFUSED`.
 */
export const openListeners = async (
  addresses: readonly ListenAddress[],
  credentials: () => ServerCredentials,
): Promise<Listeners> => {
  const listeners = new Listeners()
  try {
    for (const address of addresses) await listeners.open(address, credentials)
  } catch (error) {
    await listeners.close(0)
    throw error
  }
  return listeners
}

export class Listeners {
  readonly #servers: (Server | Http2SecureServer)[] = []
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #addresses: ListenAddress[] = []
  #serving: Serving | undefined

  /** Where we listen, with the ports that were given where 0 was asked for. */
  get addresses(): readonly ListenAddress[] {
    return this.#addresses
  }

  serve(serving: Serving): void {
    this.#serving = serving
  }

  async open(address: ListenAddress, credentials: () => ServerCredentials): Promise<void> {
    const server = address.scheme === 'https' ? this.#secure(credentials()) : createServer({ ...TIMES })
    server.on('connection', (socket: Socket) => {
      socket.setKeepAlive(true, TCP_KEEP_ALIVE_MILLISECONDS)
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (this.#serving !== undefined) return this.#serving.request(request, response)
      response.writeHead(503, { 'retry-after': '1' }).end()
    })
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (this.#serving !== undefined) return this.#serving.upgrade(request, socket, head)
      socket.destroy()
    })
    const bound = await listen(server, address)
    this.#servers.push(server)
    this.#addresses.push({ ...address, port: bound.port })
  }

  /** New connections are made with this certificate. */
  renew({ key, certificate: cert }: ServerCredentials): void {
    for (const server of this.#servers) if ('setSecureContext' in server) server.setSecureContext({ key, cert })
  }

  /** No new connection; those that are idle end. */
  drain(): void {
    for (const server of this.#servers) if (server.listening) server.close()
    for (const session of this.#sessions) session.close()
  }

  /** Ends what is still open, by force after `patience`. */
  async close(patience: Milliseconds): Promise<void> {
    this.drain()
    if (this.#sockets.size === 0) return
    const gone = Promise.withResolvers<void>()
    const look = () => {
      if (this.#sockets.size === 0) gone.resolve()
    }
    for (const socket of this.#sockets) socket.once('close', look)
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, patience)
    await gone.promise
    clearTimeout(timer)
  }

  #secure({ key, certificate: cert }: ServerCredentials): Http2SecureServer {
    const server = createSecureServer({
      ...TIMES,
      key,
      cert,
      allowHTTP1: true,
      minVersion: 'TLSv1.2',
      // Without ML-KEM a connection costs 8 KiB less.
      ecdhCurve: 'X25519:P-256',
      settings: { maxConcurrentStreams: 1024, initialWindowSize: 256 * KiB },
    })
    // The options above are for its own settings; these are read from the server itself by the HTTP/1 side.
    Object.assign(server, TIMES)
    server.on('session', (session) => {
      this.#sessions.add(session)
      session.once('close', () => this.#sessions.delete(session))
      closeWhenIdle(session)
    })
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    server.on('sessionError', () => undefined)
    return server
  }
}

/**
 * Closes a session that has carried nothing for a while. Node's own timeout of a session is not cleared when the
 * session ends, and keeps it in memory until it runs.
 */
const closeWhenIdle = (session: ServerHttp2Session): void => {
  let streams = 0
  let timer: NodeJS.Timeout | undefined
  const wait = (): void => {
    timer = setTimeout(() => session.close(), SESSION_IDLE_MILLISECONDS).unref()
  }
  session.on('stream', (stream) => {
    streams++
    clearTimeout(timer)
    stream.once('close', () => {
      if (--streams === 0 && !session.closed && !session.destroyed) wait()
    })
  })
  session.once('close', () => clearTimeout(timer))
  wait()
}

/**
 * What an error of `listen` means, for whoever set the address: `ADDRESS_IN_USE` or `ADDRESS_REFUSED`; other errors
 * as they are.
 */
export const addressFault = (error: unknown, address: string, setting: string): unknown => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return faults.ADDRESS_IN_USE({ address, setting }, error)
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return faults.ADDRESS_REFUSED({ address, setting }, error)
  return error
}

const listen = (server: Server | Http2SecureServer, { scheme, host, port }: ListenAddress): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    const address = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
    server.once('error', (error) => reject(addressFault(error, address, 'OUTRIDER_LISTEN')))
    server.listen({ host, port, backlog: 4096 }, () => resolve(server.address() as AddressInfo))
  })
