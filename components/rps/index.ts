import type { Provisioning } from '@outrider/domain/ports'
import { RequestForms } from '@outrider/protocols/wsman'
import type { WebSocket } from 'ws'
import { watchExpiry } from './expiry.ts'
import { Turns } from './kept-secret.ts'
import { KeptCertificates } from './provisioning-certificates/index.ts'
import { ciraConfigRoutes } from './rest/cira-configs.ts'
import type { RestDeps } from './rest/deps.ts'
import { domainRoutes } from './rest/domains.ts'
import { northbound } from './rest/northbound.ts'
import { profileRoutes } from './rest/profiles.ts'
import { serviceRoutes } from './rest/service.ts'
import { createTickets } from './tickets.ts'
import { ProvisioningSession, type RpsDeps } from './websocket/session.ts'

export { type RpsConfig, rpsConfig } from './config.ts'
export { defaultNames } from './defaults.ts'
export { rpsFaults } from './faults.ts'
export { certificateFaults } from './provisioning-certificates/index.ts'

export type { RpsDeps }

export interface Rps {
  readonly routes: ReturnType<typeof ciraConfigRoutes>
  readonly sockets: readonly {
    readonly path: string
    onConnection(socket: WebSocket, request: { readonly from: string }): void
  }[]
  /** How many provisioning clients are being served. */
  readonly sessions: number
  /** What dm-manager asks of RPS. */
  readonly provisioning: Provisioning
  /** Begins to watch the certificates it keeps. */
  start(): void
  stop(): Promise<void>
}

/** The paths clients and gateways use for it; all mean the same (reference/rps.md 1.1). */
const PATHS = ['/activate', '/deactivate', '/maintenance']
/** Bytes a client may leave unread before it is taken for dead. */
const UNREAD_LIMIT = 4 * 1024 * 1024

/** The Remote Provisioning Server: admits, activates and configures devices by way of their provisioning client. */
export const createRps = (deps: RpsDeps): Rps => {
  const stopping = new AbortController()
  const forms = new RequestForms()
  const sessions = new Set<ProvisioningSession>()
  const certificates = new KeptCertificates(deps.secrets)
  const rest: RestDeps = { ...deps, certificates, turns: new Turns() }
  let watching: Promise<void> = Promise.resolve()

  const onConnection = (socket: WebSocket, { from }: { readonly from: string }): void => {
    const session = new ProvisioningSession(
      {
        send: (frame) => {
          if (socket.bufferedAmount > UNREAD_LIMIT) socket.terminate()
          else socket.send(frame, { binary: false })
        },
        close: () => socket.close(1000),
      },
      from,
      { ...deps, certificates, forms },
      stopping.signal,
    )
    sessions.add(session)
    void session.ended.then(() => sessions.delete(session))
    socket.on('message', (data: Buffer | ArrayBuffer | Buffer[], binary: boolean) => {
      // A client speaks in text frames; anything else is no client of this protocol.
      if (binary) socket.close(1003)
      else
        session.received(Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]))
    })
    socket.on('close', () => session.closed())
    socket.on('error', () => session.closed())
  }

  return {
    routes: northbound([
      ...ciraConfigRoutes(rest),
      ...profileRoutes(rest),
      ...domainRoutes(rest),
      ...serviceRoutes(rest),
    ]),
    sockets: PATHS.map((path) => ({ path, onConnection })),
    get sessions() {
      return sessions.size
    },
    provisioning: createTickets(deps),
    start() {
      watching = watchExpiry(deps, stopping.signal)
    },
    async stop() {
      stopping.abort()
      await watching
      await Promise.all([...sessions].map((session) => session.ended))
    },
  }
}
