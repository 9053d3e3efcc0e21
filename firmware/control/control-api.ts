import { once } from 'node:events'
import { chmod, unlink } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, type ListenOptions } from 'node:net'
import { Fault, faultStatus } from '@outrider/protocols/values'
import { firmwareFaults } from '../faults.ts'
import type { Firmware } from '../firmware.ts'
import { type ActionInput, actions } from './actions.ts'
import { report, secretsOf } from './report.ts'

/** Where the control API of a firmware listens: a Unix socket, or a port of the loopback interface. */
export type ControlAddress = { readonly path: string } | { readonly port: number }

const MAX_BODY = 64 * 1024

/**
 * The control API: what stands around a machine and a test bench, as HTTP with JSON. `GET /` the state,
 * `GET /counters`, `GET /actions`, `POST /actions/NAME`, and `GET /secrets`, the only one that prints any.
 *
 * Where one server stands for many machines, the first part of the path is the machine's name.
 */
export const serveControl = async (
  firmware: Firmware | ReadonlyMap<string, Firmware>,
  address: ControlAddress,
): Promise<ControlServer> => {
  const server = createServer((request, response) => {
    void answer(firmware, request, response)
  })
  if ('path' in address) {
    await dropStale(address.path)
    await listen(server, { path: address.path })
    // It opens the machine's secrets to whoever may connect.
    await chmod(address.path, 0o600)
  } else await listen(server, { port: address.port, host: '127.0.0.1' })
  return new ControlServer(server)
}

const listen = async (server: Server, address: ListenOptions): Promise<void> => {
  server.listen(address)
  await once(server, 'listening')
}

/** Removes a socket file that nobody listens on: its server was killed. */
const dropStale = async (path: string): Promise<void> => {
  const probe = connect(path)
  try {
    await once(probe, 'connect')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') await unlink(path)
  } finally {
    probe.destroy()
  }
}

export class ControlServer implements AsyncDisposable {
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
  }

  /** The port it listens on; 0 for a Unix socket. */
  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    this.#server.closeAllConnections()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const answer = async (
  firmware: Firmware | ReadonlyMap<string, Firmware>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  try {
    const [status, body] = await route(firmware, request)
    send(response, status, body)
  } catch (error) {
    const fault = Fault.from(error)
    send(response, faultStatus[fault.kind].http, fault.record())
  }
}

const send = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

type Answer = readonly [status: number, body: object]
const NOT_FOUND: Answer = [404, { message: 'Try GET /, /counters, /actions or /secrets, or POST /actions/NAME.' }]

const route = async (firmware: Firmware | ReadonlyMap<string, Firmware>, request: IncomingMessage): Promise<Answer> => {
  const parts = new URL(request.url ?? '/', 'http://localhost').pathname.split('/').filter((part) => part !== '')
  if (!(firmware instanceof Map)) return routeOne(firmware as Firmware, request, parts)
  const [name] = parts
  if (name === undefined) return [200, { machines: [...firmware.keys()] }]
  const one = (firmware as ReadonlyMap<string, Firmware>).get(decodeURIComponent(name))
  return one === undefined ? NOT_FOUND : routeOne(one, request, parts.slice(1))
}

const routeOne = async (
  firmware: Firmware,
  request: IncomingMessage,
  [resource, name]: readonly string[],
): Promise<Answer> => {
  if (request.method === 'POST' && resource === 'actions' && name !== undefined)
    return [200, run(firmware, decodeURIComponent(name), await jsonBody(request))]
  if (request.method !== 'GET' || name !== undefined) return NOT_FOUND
  switch (resource) {
    case undefined:
      return [200, report(firmware)]
    case 'counters':
      return [200, firmware.counters]
    case 'secrets':
      return [200, secretsOf(firmware.device)]
    case 'actions':
      return [
        200,
        Object.fromEntries(Object.entries(actions).map(([each, { about, input }]) => [each, { about, input }])),
      ]
    default:
      return NOT_FOUND
  }
}

const run = (firmware: Firmware, name: string, input: ActionInput): object => {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (action === undefined) throw firmwareFaults.FIRMWARE_UNKNOWN_ACTION({ action: name })
  const outcome = action.run(firmware, input)
  if (typeof outcome === 'string') throw firmwareFaults.FIRMWARE_BAD_ACTION({ action: name, reason: outcome })
  return outcome
}

const jsonBody = async (request: IncomingMessage): Promise<ActionInput> => {
  const bad = (reason: string) => firmwareFaults.FIRMWARE_BAD_ACTION({ action: request.url ?? '', reason })
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Uint8Array>) {
    length += part.length
    if (length > MAX_BODY) throw bad('its body is too long')
    parts.push(part)
  }
  if (length === 0) return {}
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as ActionInput
  } catch (error) {
    throw firmwareFaults.FIRMWARE_BAD_ACTION({ action: request.url ?? '', reason: 'its body is not JSON' }, error)
  }
  throw bad('its body is not a JSON object')
}
