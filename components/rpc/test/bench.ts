import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { MeiPort } from '@outrider/protocols/mei'
import {
  type ClientMessage,
  decodeClientMessage,
  encodeServerMessage,
  type ServerMessage,
} from '@outrider/protocols/rps'
import { type Bytes, seconds } from '@outrider/protocols/values'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { createFirmware, type Firmware, type FirmwareOptions } from '../../../firmware/index.ts'
import { dialRps, type RpcDeps, runRpc } from '../index.ts'

// What a test puts around RPC: a real firmware behind it, a scripted server before it, its outputs in texts.

export const deadline = (): AbortSignal => AbortSignal.timeout(seconds(20))

let machines = 0

export const machine = (options: Partial<FirmwareOptions> = {}): Firmware =>
  createFirmware({ identity: { serial: `RPC${++machines}` }, timing: 'zero', ...options })

export interface Run {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
  /** Spans it would have waited for. */
  readonly pauses: readonly number[]
}

export const run = async (words: readonly string[], mei: MeiPort, more: Partial<RpcDeps> = {}): Promise<Run> => {
  let stdout = ''
  let stderr = ''
  const pauses: number[] = []
  const exit = await runRpc(words, {
    env: {},
    mei,
    lmsAddress: undefined,
    dialRps,
    system: async () => ({
      hostname: 'node1',
      dnsSuffix: 'example.com',
      adapters: [{ mac: '02:00:00:00:00:01', address: '10.1.2.3' }],
    }),
    readFile: async (path) => {
      throw new Error(`no file ${path}`)
    },
    build: { version: '1.2.3', commit: 'abc', date: 'today', runtime: 'node v0', platform: 'linux/amd64' },
    stdout: (text) => {
      stdout += text
    },
    stderr: (text) => {
      stderr += text
    },
    now: () => new Date('2026-01-02T03:04:05.678Z'),
    pause: async (span, signal) => {
      signal.throwIfAborted()
      pauses.push(span)
    },
    signal: deadline(),
    ...more,
  })
  return { exit, stdout, stderr, pauses }
}

/** One client at a provisioning server that a test plays. */
export class ScriptedServer {
  readonly #socket: WebSocket
  readonly #queue: Bytes[] = []
  #wake = Promise.withResolvers<void>()
  #closed = false

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: RawData) => {
      this.#queue.push(data as Buffer)
      this.#wake.resolve()
    })
    socket.on('close', () => {
      this.#closed = true
      this.#wake.resolve()
    })
  }

  say(message: Exclude<ServerMessage, { type: 'unknown' }>): void {
    this.#socket.send(encodeServerMessage(message, '9.9.9'), { binary: false })
  }

  saySomething(frame: string): void {
    this.#socket.send(frame)
  }

  /** The next message; `undefined` once the client closed. */
  async hear(): Promise<ClientMessage | undefined> {
    for (;;) {
      const frame = this.#queue.shift()
      if (frame !== undefined) return decodeClientMessage(frame).message
      if (this.#closed) return undefined
      this.#wake = Promise.withResolvers()
      await this.#wake.promise
    }
  }

  async expect<Type extends ClientMessage['type']>(type: Type): Promise<Extract<ClientMessage, { type: Type }>> {
    const message = await this.hear()
    if (message?.type !== type) throw new Error(`expected ${type}, got ${message?.type}`)
    return message as Extract<ClientMessage, { type: Type }>
  }

  close(): void {
    this.#socket.terminate()
  }
}

export interface ServerOptions {
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Answers the upgrade with this status in place of a WebSocket. */
  readonly status?: number
}

export interface Server extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** What the script of the last client failed with, if it did. */
  readonly done: Promise<void>
}

/** A provisioning server on loopback that plays `script` with its one client. */
export const serve = async (
  script: (server: ScriptedServer) => Promise<void>,
  { tls, status }: ServerOptions = {},
): Promise<Server> => {
  const done = Promise.withResolvers<void>()
  done.promise.catch(() => {})
  const server = tls === undefined ? createHttpServer() : createHttpsServer(tls)
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      script(new ScriptedServer(client)).then(done.resolve, (error) => {
        client.terminate()
        done.reject(error)
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}/activate`,
    port,
    done: done.promise,
    [Symbol.asyncDispose]: async () => {
      for (const client of sockets.clients) client.terminate()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
