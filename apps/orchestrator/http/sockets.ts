import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Milliseconds } from '@outrider/protocols/values'
import { type WebSocket, WebSocketServer } from 'ws'
import { addressOf, textHeaders } from './peer.ts'

/** One WebSocket endpoint of a component, which admits its clients itself. */
export interface SocketRow {
  /** Matched without regard to case. */
  readonly path: string
  /** Largest message in bytes; 1 MiB where absent. */
  readonly maxPayload?: number
  readonly onConnection: (socket: WebSocket, request: SocketRequest) => void
}

export interface SocketRequest {
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Address of the peer. */
  readonly from: string
  readonly url: URL
}

const MAX_PAYLOAD = 1 << 20
/** How long a client has to close too once we have, before it is cut. */
const CLOSE_MILLISECONDS = 5_000
/** Sockets that are open at once, over all paths; and how many of them one address may have. */
const MOST = 10_000
const MOST_OF_ONE_ADDRESS = 2_000

/** Routes upgrade requests to the rows and ends what is open when the service stops. */
export class Sockets {
  readonly #rows = new Map<string, { readonly row: SocketRow; readonly server: WebSocketServer }>()
  readonly #byAddress = new Map<string, number>()
  readonly #mostOfOneAddress: number
  #stopping = false

  constructor(rows: readonly SocketRow[], mostOfOneAddress = MOST_OF_ONE_ADDRESS) {
    this.#mostOfOneAddress = mostOfOneAddress
    for (const row of rows) {
      const options = {
        noServer: true,
        maxPayload: row.maxPayload ?? MAX_PAYLOAD,
        perMessageDeflate: false,
        closeTimeout: CLOSE_MILLISECONDS,
      }
      this.#rows.set(row.path.toLowerCase(), { row, server: new WebSocketServer(options) })
    }
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const url = URL.parse(request.url ?? '', 'http://localhost')
    const entry = url === null ? undefined : this.#rows.get(url.pathname.toLowerCase().replace(/(?<=.)\/$/, ''))
    if (url === null || entry === undefined) {
      refuse(socket, '404 Not Found')
      return
    }
    const from = addressOf(request.socket)
    const ofAddress = this.#byAddress.get(from) ?? 0
    if (this.#stopping || this.open >= MOST || ofAddress >= this.#mostOfOneAddress) {
      refuse(socket, '503 Service Unavailable')
      return
    }
    const { row, server } = entry
    server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#byAddress.set(from, ofAddress + 1)
      webSocket.once('close', () => this.#left(from))
      // Without a listener an error of one connection would end the process.
      webSocket.on('error', () => webSocket.terminate())
      row.onConnection(webSocket, {
        headers: textHeaders(request.headers),
        from,
        url,
      })
    })
  }

  #left(address: string): void {
    const left = (this.#byAddress.get(address) ?? 1) - 1
    if (left > 0) this.#byAddress.set(address, left)
    else this.#byAddress.delete(address)
  }

  get open(): number {
    let open = 0
    for (const { server } of this.#rows.values()) open += server.clients.size
    return open
  }

  /** No more of them; those that are open may go on for now. */
  drain(): void {
    this.#stopping = true
  }

  /** Asks every client to go, and cuts those that have not gone within `patience`. */
  async close(patience: Milliseconds): Promise<void> {
    this.#stopping = true
    const clients = [...this.#rows.values()].flatMap(({ server }) => [...server.clients])
    await Promise.all(clients.map((client) => closeWithin(client, patience)))
  }
}

const closeWithin = (client: WebSocket, patience: Milliseconds): Promise<void> =>
  new Promise((resolve) => {
    if (client.readyState === client.CLOSED) return resolve()
    const timer = setTimeout(() => client.terminate(), patience)
    client.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    client.close(1001, 'the service is stopping')
  })

/** Whoever is refused need not end its own side for the socket to be gone. */
const refuse = (socket: Duplex, status: string): void => {
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
