import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { AgentCredentials, Clock, EventSink, IssuerStore, Random, SecretStore } from '@outrider/domain/ports'
import type { JSONWebKeySet } from 'jose'
import { Accounts } from './accounts.ts'
import type { IssuerConfig } from './config.ts'
import type { AuditLogin } from './login-audit.ts'
import { createProvider } from './provider.ts'
import { publicKeys, signingKeys } from './signing-keys.ts'

export interface IssuerOptions {
  readonly config: IssuerConfig
  /** Where clients find us, e.g. `https://localhost:8443`; tokens are issued in its name. */
  readonly origin: string
  /**
   * `host:port` of further names for the same listeners. A request for any other host is refused: the library
   * repeats the host it was asked for in the addresses it hands out.
   */
  readonly alsoAt?: readonly string[]
  /** What tokens are for: their `aud`. */
  readonly audience: string
  readonly store: IssuerStore
  readonly secrets: SecretStore
  readonly clock: Clock
  readonly random: Random
  readonly events: EventSink
  /** Where logins of people are recorded, before they are answered. */
  readonly audit?: AuditLogin
}

export interface Issuer {
  /** `iss` of its tokens. */
  readonly issuer: string
  readonly audience: string
  readonly accounts: Accounts
  readonly agents: AgentCredentials
  /** Everything under `/realms/`; the body must still be on the stream. */
  handle(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void
  /** Public keys, for verifiers in the same process. Rejects before `start`. */
  keys(): Promise<JSONWebKeySet>
  /** Reads or makes the keys and loads the library. Throws `ISSUER_KEYS_MISSING`, `ISSUER_KEYS_UNREADABLE`. */
  start(signal: AbortSignal): Promise<void>
  stop(): Promise<void>
  ready(): Promise<readonly { readonly name: string; readonly state: 'ok' | 'starting' }[]>
}

const REALM = '/realms/master'
const STORE_PATIENCE_MILLISECONDS = 10_000
const PURGE_EVERY_MILLISECONDS = 3_600_000
/** The first account of every deployment: where it exists, tokens were signed before. */
export const ADMIN = 'admin'

/** The embedded identity provider, with the paths and claims of the one existing clients know. */
export const createIssuer = (options: IssuerOptions): Issuer => {
  const { store, secrets, clock, random, events } = options
  const issuer = `${options.origin}${REALM}`
  const hosts = new Set([new URL(options.origin).host, ...(options.alsoAt ?? [])].map((host) => host.toLowerCase()))
  const accounts = new Accounts(store, clock, random)
  const life = new AbortController()
  const deadline = () => AbortSignal.any([life.signal, AbortSignal.timeout(STORE_PATIENCE_MILLISECONDS)])
  let serving:
    | { serve: ReturnType<Awaited<ReturnType<typeof createProvider>>['callback']>; jwks: JSONWebKeySet }
    | undefined
  let purging: Promise<void> | undefined

  const purge = async (): Promise<void> => {
    while (!life.signal.aborted) {
      try {
        await store.records.purge(clock.now(), deadline())
      } catch {
        // The store is away: `/readyz` says so, and the next round tries again.
      }
      await clock.sleep(PURGE_EVERY_MILLISECONDS, life.signal).catch(() => undefined)
    }
  }

  return {
    issuer,
    audience: options.audience,
    accounts,
    agents: accounts.agents,

    handle(request, response) {
      const host = request.headers[':authority'] ?? request.headers.host ?? ''
      if (typeof host !== 'string' || !hosts.has(host.toLowerCase()))
        return refuse(response, 421, 'this issuer is not known under the host name that was asked for')
      const url = request.url ?? ''
      if (!url.startsWith(`${REALM}/`)) return refuse(response, 404, 'there is no such realm')
      if (serving === undefined || life.signal.aborted) return refuse(response, 503, 'the issuer does not run')
      // The library finds its own mount path by comparing the two.
      Object.assign(request, { originalUrl: url })
      request.url = url.slice(REALM.length)
      // HTTP/2 needs no length and has no chunks; the library takes that for a request without a body.
      if (request.httpVersionMajor === 2 && request.headers['content-length'] === undefined)
        request.headers['transfer-encoding'] = 'chunked'
      serving.serve(request as IncomingMessage, response as ServerResponse).catch((error: unknown) => {
        events.emit('http.failed', {
          method: request.method ?? '',
          route: REALM,
          cause: String((error as Error).stack),
        })
        response.destroy()
      })
    },

    async keys() {
      if (serving === undefined) throw new Error('the issuer has not been started')
      return serving.jwks
    },

    async start(signal) {
      const inUse = () => accounts.exists(ADMIN, signal)
      const keys = await signingKeys(secrets, random, inUse, signal)
      const { audience, config } = options
      const provider = await createProvider({
        issuer,
        audience,
        config,
        keys,
        store,
        clock,
        random,
        events,
        deadline,
        ...(options.audit === undefined ? {} : { audit: options.audit }),
      })
      serving = { serve: provider.callback(), jwks: publicKeys(keys) }
      purging = purge()
    },

    async stop() {
      life.abort(new Error('the issuer was stopped'))
      await purging
    },

    async ready() {
      return [{ name: 'issuer', state: serving === undefined ? 'starting' : 'ok' }]
    },
  }
}

const refuse = (response: ServerResponse | Http2ServerResponse, status: number, description: string): void => {
  const body = JSON.stringify({ error: 'invalid_request', error_description: description })
  response.statusCode = status
  response.setHeader('content-type', 'application/json')
  response.end(body)
}
