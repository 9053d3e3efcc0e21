import type { Fault } from '@outrider/protocols/values'
import type { errors as OidcErrors, Provider, TokenEndpointGrantContext } from 'oidc-provider'
import { faults } from './faults.ts'
import type { AuditLogin } from './login-audit.ts'
import type { LoginOutcome, Logins } from './logins.ts'

export interface PasswordGrantOptions {
  readonly provider: Provider
  readonly errors: typeof OidcErrors
  readonly logins: Logins
  readonly audience: string
  readonly resource: string
  readonly deadline: () => AbortSignal
  readonly audit?: AuditLogin
}

interface Parameters {
  readonly username?: string
  readonly password?: string
  readonly scope?: string
}

/** Names are whatever somebody typed. */
const LONGEST_NAME = 64

const addressOf = (address = ''): string => address.replace(/^::ffff:(?=\d+\.)/, '')

const faultOf = (login: LoginOutcome): Fault | undefined => {
  switch (login.outcome) {
    case 'accepted':
      return undefined
    case 'wrong':
      return faults.LOGIN_WRONG()
    case 'locked':
      return faults.LOGIN_LOCKED({ seconds: login.secondsLeft })
    case 'busy':
      return faults.LOGINS_BUSY()
  }
}

/**
 * The resource owner password grant, as command lines without a browser use it (reference/emf-code.md 4.2).
 * Answers access token, refresh token and their lifetimes.
 */
export const registerPasswordGrant = (options: PasswordGrantOptions): void => {
  const { provider, errors, logins, resource } = options

  const audit = async (login: LoginOutcome, name: string, from: string): Promise<void> => {
    const fault = faultOf(login)
    const account = 'account' in login ? login.account : undefined
    await options.audit?.(
      {
        subject: account?.id,
        name: name.slice(0, LONGEST_NAME),
        from,
        projects: [...new Set(account?.grants.map(({ project }) => project) ?? [])],
        ...(fault === undefined ? {} : { fault: fault.record() }),
      },
      options.deadline(),
    )
  }

  const refused = (description: string) => new errors.CustomOIDCProviderError('invalid_grant', description)
  const handle = async (ctx: TokenEndpointGrantContext<Parameters>): Promise<void> => {
    const { client, params } = ctx.oidc
    const { username, password } = params
    if (username === undefined || password === undefined)
      throw new errors.InvalidRequest('username and password are needed')
    const login = await logins.check(username, password, options.deadline())
    await audit(login, username, addressOf(ctx.req.socket.remoteAddress))
    if (login.outcome === 'busy') throw new errors.TemporarilyUnavailable('too many logins at once, try again')
    if (login.outcome === 'locked') throw refused(`too many failed logins, try again in ${login.secondsLeft} seconds`)
    if (login.outcome === 'wrong') throw refused('wrong user name or password')

    const accountId = login.account.id
    ctx.oidc.entity('Account', { accountId, claims: async () => ({ sub: accountId }) })
    const grant = new provider.Grant({ clientId: client.clientId, accountId })
    grant.addOIDCScope('offline_access')
    grant.addResourceScope(resource, 'api')
    await grant.save()
    ctx.oidc.entity('Grant', grant)

    const common = { accountId, client, grantId: grant.jti, gty: 'password' }
    const accessToken = new provider.AccessToken({ ...common, scope: 'api' })
    accessToken.resourceServer = new provider.ResourceServer(resource, {
      scope: 'api',
      audience: options.audience,
      accessTokenFormat: 'jwt',
    })
    const refreshToken = new provider.RefreshToken({ ...common, scope: 'offline_access api', resource, rotations: 0 })
    ctx.body = {
      access_token: await accessToken.save(),
      expires_in: accessToken.expiration,
      refresh_token: await refreshToken.save(),
      refresh_expires_in: refreshToken.expiration,
      token_type: 'Bearer',
      scope: 'api',
    }
  }

  provider.registerGrantType('password', handle, ['username', 'password', 'scope'], [])
}
