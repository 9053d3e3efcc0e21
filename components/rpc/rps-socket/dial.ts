import type { IncomingMessage } from 'node:http'
import { type createConnection, isIP, type Socket } from 'node:net'
import { getCACertificates, connect as tlsConnect } from 'node:tls'
import { Fault, MiB, type Milliseconds, seconds } from '@outrider/protocols/values'
import { CallSignal } from '@outrider/sessions/streams'
import { WebSocket } from 'ws'
import type { DialRps, RpsTarget } from '../deps.ts'
import { rpcFaults } from '../faults.ts'
import { FrameQueue } from './frame-queue.ts'
import { tunnel } from './tunnel.ts'

const HANDSHAKE_TIMEOUT: Milliseconds = seconds(60)
const MAX_FRAME = MiB(1)

/** A provisioning server over a real WebSocket. */
export const dialRps: DialRps = async (target, signal) => {
  signal.throwIfAborted()
  const proxied = target.proxy === undefined ? undefined : await throughProxy(target, signal)
  const socket = new WebSocket(target.url, {
    handshakeTimeout: HANDSHAKE_TIMEOUT,
    maxPayload: MAX_FRAME,
    perMessageDeflate: false,
    rejectUnauthorized: target.verify,
    ...(target.verify && target.url.startsWith('wss:') ? { ca: authorities(target.ca) } : {}),
    ...(proxied === undefined ? {} : { createConnection: over(proxied, target) }),
  })
  // From now on it collects frames: the server may speak the moment the connection stands.
  const frames = new FrameQueue(socket)
  try {
    await opened(socket, target.url, signal)
    return frames
  } catch (error) {
    socket.terminate()
    throw error
  }
}

const throughProxy = async (target: RpsTarget, signal: AbortSignal): Promise<Socket> => {
  const { hostname, port, protocol } = new URL(target.url)
  const number = port === '' ? (protocol === 'wss:' ? 443 : 80) : Number(port)
  try {
    using limit = new CallSignal(signal)
    limit.expect(HANDSHAKE_TIMEOUT)
    return await tunnel(target.proxy!, hostname, number, limit.signal)
  } catch (error) {
    signal.throwIfAborted()
    throw refusal(error, target.url)
  }
}

type CreateConnection = typeof createConnection

/** What `ws` calls to connect: it gets the tunnel, with TLS in it where the server wants it. */
const over = (socket: Socket, { url, verify, ca }: RpsTarget): CreateConnection => {
  const { protocol, hostname } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const create = () =>
    protocol !== 'wss:'
      ? socket
      : tlsConnect({
          socket,
          host,
          // A name only: certificates of addresses are checked by `host`.
          ...(isIP(host) === 0 ? { servername: host } : {}),
          rejectUnauthorized: verify,
          ALPNProtocols: ['http/1.1'],
          ...(verify ? { ca: authorities(ca) } : {}),
        })
  return create as unknown as CreateConnection
}

/**
 * What the machine trusts, as other programs on it do, and the authorities given beside it. The two lists of the
 * machine are mostly the same.
 */
const authorities = (pem: string | undefined): string[] => [
  ...new Set([...getCACertificates('default'), ...getCACertificates('system')]),
  ...(pem === undefined ? [] : [pem]),
]

const opened = (socket: WebSocket, url: string, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const onAbort = () => done(() => reject(signal.reason))
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('open', () => done(resolve))
    socket.once('error', (error) => done(() => reject(refusal(error, url))))
    socket.once('unexpected-response', (request, response: IncomingMessage) => {
      request.destroy()
      const status = response.statusCode ?? 0
      const fault =
        status === 401 || status === 403
          ? rpcFaults.RPS_UNAUTHORIZED({ url, status })
          : status >= 500
            ? rpcFaults.RPS_UNREACHABLE({ url, reason: `it answered with status ${status}` })
            : rpcFaults.RPS_NOT_WEBSOCKET({ url, status })
      done(() => reject(fault))
    })
  })

/** Codes of OpenSSL and Node for a certificate that is not trusted or not the server's. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH/

const refusal = (error: unknown, url: string): Fault => {
  if (error instanceof Fault) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  const reason = code ?? (error instanceof Error ? error.message : String(error))
  return code !== undefined && CERTIFICATE.test(code)
    ? rpcFaults.RPS_CERTIFICATE_REFUSED({ url, reason }, error)
    : rpcFaults.RPS_UNREACHABLE({ url, reason }, error)
}
