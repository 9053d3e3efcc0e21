import { constants } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type SecureContextOptions, type TLSSocket } from 'node:tls'
import type { EventSink } from '@outrider/domain/ports'
import { seconds } from '@outrider/protocols/values'
import type { MpsConfig } from '../config.ts'
import { mpsFaults } from '../faults.ts'
import { EarlySockets } from './early-sockets.ts'
import { HandshakeGate } from './handshake-gate.ts'

export interface CiraIdentity {
  /** PEM, both. */
  readonly key: string
  readonly certificate: string
}

export interface CiraListener {
  readonly address: { readonly host: string; readonly port: number }
  /** Takes another certificate for the handshakes from now on. */
  useIdentity(identity: CiraIdentity): void
  close(): Promise<void>
}

/** More than any kernel keeps: what counts is its own maximum. */
const BACKLOG = 65_535
/** After so many bytes no more is read of a socket that waits for its handshake; a ClientHello has about as many. */
const READ_AHEAD = 2048

/**
 * The TLS side of the CIRA port: TLS 1.2 and newer (reference/mps.md 1.1), handshakes under a gate, which only who has
 * begun one comes to. `onTunnel` gets each connection whose handshake is done, and resolves once it is authenticated,
 * or gone.
 */
export const listenForDevices = async (
  options: {
    readonly host: string
    readonly port: number
    readonly identity: CiraIdentity
    readonly config: Pick<MpsConfig, 'handshakes' | 'handshakeBacklog' | 'handshakeSeconds' | 'connectionsPerAddress'>
    readonly events: EventSink
    readonly onTunnel: (socket: TLSSocket, address: string) => Promise<void>
  },
  signal: AbortSignal,
): Promise<CiraListener> => {
  const { config, events } = options
  const rejected = (reason: string, socket: Socket): void =>
    events.emit('cira.rejected', { reason, address: socket.remoteAddress ?? '' })
  const early = new EarlySockets({
    perAddress: config.connectionsPerAddress,
    silent: config.handshakeBacklog,
    patience: seconds(config.handshakeSeconds),
    ended: rejected,
  })

  const tls = createTlsServer({
    ...contextOf(options.identity),
    handshakeTimeout: seconds(config.handshakeSeconds),
  })
  const gate = new HandshakeGate({
    limit: config.handshakes,
    backlog: config.handshakeBacklog,
    begin: (socket) => void tls.emit('connection', socket),
  })
  tls.on('secureConnection', (socket: TLSSocket) => {
    const raw = rawOf(socket)
    gate.leave(raw)
    // The TCP socket knows its address already; the TLS socket would ask the kernel again.
    void options.onTunnel(socket, raw.remoteAddress ?? '').then(() => early.settle(raw))
  })
  tls.on('tlsClientError', (_error, socket: TLSSocket) => {
    gate.leave(rawOf(socket))
    rejected('tls', rawOf(socket))
    socket.destroy()
  })

  const tcp: Server = createServer({ highWaterMark: READ_AHEAD }, (socket) => {
    socket.on('error', () => socket.destroy())
    early.enter(socket, () => {
      if (gate.enter(socket) === 'entered') return
      rejected(mpsFaults.CIRA_BACKLOG_FULL().code, socket)
      socket.destroy()
    })
  })

  await new Promise<void>((resolve, reject) => {
    signal.throwIfAborted()
    tcp.once('error', reject)
    tcp.listen({ host: options.host, port: options.port, backlog: BACKLOG }, () => {
      tcp.off('error', reject)
      resolve()
    })
  })
  const bound = tcp.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('the CIRA port is no TCP port')
  return {
    address: { host: bound.address, port: bound.port },
    useIdentity: (identity) => tls.setSecureContext(contextOf(identity)),
    close: () =>
      new Promise((resolve) => {
        tcp.close(() => resolve())
        early.closeAll()
      }),
  }
}

const contextOf = ({ key, certificate }: CiraIdentity): SecureContextOptions => ({
  key,
  cert: certificate,
  minVersion: 'TLSv1.2',
  // Without ML-KEM a connection costs 8 KiB less; firmware has none.
  ecdhCurve: 'X25519:P-256:P-384',
  // AMT resumes nothing.
  secureOptions: constants.SSL_OP_NO_TICKET,
  sessionTimeout: 1,
})

/** The TCP socket under a TLS socket. Node keeps it as `_parent`; there is no public name for it. */
const rawOf = (socket: TLSSocket): Socket => (socket as TLSSocket & { readonly _parent?: Socket })._parent ?? socket
