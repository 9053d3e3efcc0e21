import type { Provider } from 'oidc-provider'

const LONGEST_BODY = 65_536

/**
 * Ends a login: `client_id` and `refresh_token` posted to the logout path, answered 204 whether or not there was
 * such a login. Ours because the library revokes no token that looks like a JWT, which our refresh tokens do.
 */
export const serveLogout = (provider: Provider, path: string): void => {
  provider.use(async (ctx, next) => {
    if (ctx.method !== 'POST' || ctx.path !== path) return next()
    const form = ctx.is('application/x-www-form-urlencoded') ? await formOf(ctx.req) : undefined
    const token = form?.get('refresh_token')
    if (typeof token !== 'string' || token === '') {
      ctx.status = 400
      ctx.body = { error: 'invalid_request', error_description: 'refresh_token is needed, in a form' }
      return
    }
    const login = await provider.RefreshToken.find(token, { ignoreExpiration: true })
    if (login !== undefined && login.clientId === form?.get('client_id')) {
      await provider.RefreshToken.revokeByGrantId(login.grantId ?? '')
      await (await provider.Grant.find(login.grantId ?? ''))?.destroy()
    }
    ctx.status = 204
  })
}

const formOf = async (body: AsyncIterable<Buffer>): Promise<URLSearchParams | undefined> => {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > LONGEST_BODY) return undefined
    parts.push(part)
  }
  return new URLSearchParams(Buffer.concat(parts).toString('utf8'))
}
