import type { EventEmitter } from 'node:events'
import type { Account, Clock, EventSink, IssuerStore, Random } from '@outrider/domain/ports'
import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { accessTokenClaims } from './claims.ts'
import type { IssuerConfig } from './config.ts'
import type { AuditLogin } from './login-audit.ts'
import { Logins } from './logins.ts'
import { serveLogout } from './logout.ts'
import { registerPasswordGrant } from './password-grant.ts'
import { passwordMatches } from './passwords.ts'
import { recordsOf } from './records.ts'
import { refreshTokenText } from './refresh-token-form.ts'
import type { SigningKeys } from './signing-keys.ts'

export interface ProviderOptions {
  /** `https://host:port/realms/master`. */
  readonly issuer: string
  readonly audience: string
  readonly config: IssuerConfig
  readonly keys: SigningKeys
  readonly store: IssuerStore
  readonly clock: Clock
  readonly random: Random
  readonly events: EventSink
  readonly audit?: AuditLogin
  /** A deadline for one access to the store. */
  readonly deadline: () => AbortSignal
}

/** The client of command lines and scripts; public, so it has no secret. */
export const CLI_CLIENT = 'system-client'
/** oidc-provider wants a URI for what tokens are for; only the audience appears in them. */
const RESOURCE = 'urn:outrider:api'
/** Each use of a login renews it, but not for ever. */
const LONGEST_LOGIN_SECONDS = 365 * 24 * 3600
const PATHS = '/protocol/openid-connect'

/** oidc-provider, loaded here and configured to look like the identity provider existing clients know. */
export const createProvider = async (options: ProviderOptions): Promise<Provider> => {
  const { Provider, errors } = await import('oidc-provider')
  const { config, store, clock, audience, deadline } = options
  const used = () => new errors.InvalidGrant('refresh token already used')

  const accountOf = async (ctx: KoaContextWithOIDC, token: { kind: string }): Promise<Account | undefined> => {
    if (token.kind === 'ClientCredentials') return store.accounts.byName(ctx.oidc.client?.clientId ?? '', deadline())
    if ('accountId' in token && typeof token.accountId === 'string')
      return store.accounts.get(token.accountId, deadline())
    return undefined
  }

  const configuration: Configuration = {
    adapter: recordsOf(store, () => clock.now(), deadline, used),
    jwks: options.keys.jwks as NonNullable<Configuration['jwks']>,
    cookies: { keys: [...options.keys.cookieKeys] },
    clients: [
      {
        client_id: CLI_CLIENT,
        token_endpoint_auth_method: 'none',
        grant_types: ['password', 'refresh_token'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    routes: {
      authorization: `${PATHS}/auth`,
      token: `${PATHS}/token`,
      jwks: `${PATHS}/certs`,
      userinfo: `${PATHS}/userinfo`,
      device_authorization: `${PATHS}/auth/device`,
      code_verification: '/device',
    },
    scopes: ['openid', 'offline_access', 'api', 'profile', 'email'],
    responseTypes: ['code'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      dPoP: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'api',
          audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: config.accessTokenSeconds,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    ttl: {
      AccessToken: config.accessTokenSeconds,
      ClientCredentials: config.accessTokenSeconds,
      RefreshToken: config.refreshTokenSeconds,
      Grant: LONGEST_LOGIN_SECONDS,
      AuthorizationCode: 60,
      DeviceCode: 600,
      IdToken: config.accessTokenSeconds,
      Interaction: 600,
      Session: config.refreshTokenSeconds,
    },
    rotateRefreshToken: true,
    revokeGrantPolicy: () => true,
    async findAccount(_ctx, id) {
      const account = await store.accounts.get(id, deadline())
      return account === undefined ? undefined : { accountId: account.id, claims: async () => ({ sub: account.id }) }
    },
    async extraTokenClaims(ctx, token) {
      const account = await accountOf(ctx, token)
      return account === undefined ? undefined : accessTokenClaims(account, ctx.oidc.client?.clientId ?? account.name)
    },
    renderError(ctx, out) {
      ctx.type = 'application/json'
      ctx.body = JSON.stringify(out)
    },
  }

  const provider = new Provider(options.issuer, configuration)

  // Hooks of the library's models that its types leave out or describe otherwise.
  Object.assign(provider.RefreshToken.prototype, {
    generateTokenId(this: { clientId?: string; accountId?: string }): string {
      const now = Math.floor(clock.now() / 1000)
      return refreshTokenText({
        issuer: options.issuer,
        clientId: this.clientId ?? '',
        accountId: this.accountId ?? '',
        issuedAtSeconds: now,
        expiresAtSeconds: now + config.refreshTokenSeconds,
        random: options.random.bytes(32),
      })
    },
  })
  Object.assign(provider.Client.prototype, {
    compareClientSecret(this: { clientSecret?: string }, presented: string): Promise<boolean> {
      return passwordMatches(presented, this.clientSecret ?? '')
    },
  })

  registerPasswordGrant({
    provider,
    errors,
    logins: new Logins(store, clock, config),
    audience,
    resource: RESOURCE,
    deadline,
    ...(options.audit === undefined ? {} : { audit: options.audit }),
  })
  serveLogout(provider, `${PATHS}/logout`)
  tell(provider, options.events)
  return provider
}

/** Names in events are whatever somebody typed: kept short, so that a log line stays one. */
const shown = (name: unknown): string => (typeof name === 'string' ? name.slice(0, 64) : '')

const tell = (provider: Provider, events: EventSink): void => {
  const facts = (ctx: KoaContextWithOIDC) => ({
    name: shown(ctx.oidc.params?.username ?? ctx.oidc.client?.clientId ?? ctx.oidc.params?.client_id),
    grant: shown(ctx.oidc.params?.grant_type),
  })
  provider.on('grant.success', (ctx) => {
    const { name, grant } = facts(ctx)
    events.emit('login.succeeded', { subject: name, grant })
  })
  provider.on('grant.error', (ctx, error) => {
    events.emit('login.refused', { name: facts(ctx).name, reason: error.error })
  })
  const failed = (ctx: Pick<KoaContextWithOIDC, 'method' | 'path'>, error: Error) =>
    events.emit('http.failed', { method: ctx.method, route: ctx.path.slice(0, 64), cause: String(error.stack) })
  provider.on('server_error', failed)
  // Without a listener the library prints stacks. A client that went away is nobody's fault.
  const emitter: EventEmitter = provider
  emitter.on('error', (error: Error & { readonly expose?: boolean }, ctx: KoaContextWithOIDC) => {
    if (ctx.writable && error.expose !== true) failed(ctx, error)
  })
}
