import { Fault, type Secret, secret } from '@outrider/protocols/values'
import { faults } from './faults.ts'
import { faultOfAnswer, type HttpClient } from './http.ts'
import type { Settings, SettingsStore } from './settings.ts'

// Tokens by password and by refresh, as existing clients get them (reference/emf-code.md 4.2).

export const DEFAULT_CLIENT = 'system-client'
/** A token that ends within this span is renewed first. */
const EARLY_SECONDS = 30

/** The realm of a deployment: beside the API, or at the name that goes with `api.`. */
export const realmOf = (endpoint: string): string => {
  const url = new URL(endpoint)
  if (url.hostname.startsWith('api.')) return `https://keycloak.${url.host.slice('api.'.length)}/realms/master`
  return `${url.origin}/realms/master`
}

interface Tokens {
  readonly accessToken: string
  readonly refreshToken?: string
  readonly expires: number
}

const tokenUrl = (realm: string): string => `${realm.replace(/\/+$/, '')}/protocol/openid-connect/token`

const form = (fields: Readonly<Record<string, string>>): string => new URLSearchParams(fields).toString()

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

const readTokens = (endpoint: string, status: number, body: unknown, now: number): Tokens => {
  const { access_token, refresh_token, expires_in } = body as Readonly<Record<string, unknown>>
  if (typeof access_token !== 'string') throw faults.CLI_ANSWER_UNREADABLE({ endpoint, status })
  return {
    accessToken: access_token,
    ...(typeof refresh_token === 'string' ? { refreshToken: refresh_token } : {}),
    expires: now + (typeof expires_in === 'number' ? expires_in : 60),
  }
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Asks the token endpoint; `undefined` with the reason where the issuer refused. */
const ask = async (
  http: HttpClient,
  realm: string,
  fields: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Tokens | { readonly refused: string }> => {
  const url = tokenUrl(realm)
  const answer = await http.call({ method: 'POST', url, headers: FORM, body: form(fields), signal })
  const body = jsonOf(answer.text)
  if (answer.status === 200 && typeof body === 'object' && body !== null)
    return readTokens(url, answer.status, body, nowSeconds())
  if ((answer.status === 400 || answer.status === 401) && typeof body === 'object' && body !== null) {
    const { error_description, error } = body as Readonly<Record<string, unknown>>
    return { refused: String(error_description ?? error ?? answer.status) }
  }
  throw faultOfAnswer(url, answer)
}

const withTokens = (settings: Settings, tokens: Tokens): Settings => ({
  ...settings,
  'access-token': tokens.accessToken,
  'access-token-expires': tokens.expires,
  ...(tokens.refreshToken === undefined ? {} : { 'refresh-token': tokens.refreshToken }),
})

/** `settings` without anything that logs in. */
export const withoutTokens = (settings: Settings): Settings => {
  const { 'access-token': _a, 'access-token-expires': _e, 'refresh-token': _r, ...rest } = settings
  return rest
}

/** Logs in and keeps the tokens. Throws `CLI_LOGIN_REFUSED`. */
export const login = async (
  http: HttpClient,
  store: SettingsStore,
  settings: Settings & { readonly username: string },
  password: Secret,
  signal: AbortSignal,
): Promise<void> => {
  const tokens = await ask(
    http,
    settings['keycloak-endpoint']!,
    {
      grant_type: 'password',
      client_id: settings['client-id'] ?? DEFAULT_CLIENT,
      username: settings.username,
      password: password.reveal(),
      scope: 'openid profile email',
    },
    signal,
  )
  if ('refused' in tokens) throw faults.CLI_LOGIN_REFUSED({ why: tokens.refused })
  await store.locked(() => store.write(withTokens(withoutTokens(settings), tokens)))
}

/** A token is for the orchestrator it was got for: another one could use it there in our name. */
const isFor = ({ 'api-endpoint': of }: Settings, endpoint: string): boolean =>
  of !== undefined && URL.canParse(of) && new URL(of).origin === endpoint

/**
 * An access token that is good now, renewed where it must be; one orch-cli renews at a time, for a renewal
 * ends the token it was made with. Throws `CLI_NOT_LOGGED_IN`, `CLI_LOGIN_EXPIRED`.
 */
export const accessToken = async (
  http: HttpClient,
  store: SettingsStore,
  endpoint: string,
  signal: AbortSignal,
): Promise<Secret> => {
  const good = (settings: Settings): Secret | undefined => {
    const token = settings['access-token']
    const fresh = (settings['access-token-expires'] ?? 0) - EARLY_SECONDS > nowSeconds()
    return token !== undefined && fresh ? secret(token) : undefined
  }
  const before = await store.read()
  if (!isFor(before, endpoint)) throw faults.CLI_NOT_LOGGED_IN({ endpoint })
  const token = good(before)
  if (token !== undefined) return token
  if (before['refresh-token'] === undefined) throw faults.CLI_NOT_LOGGED_IN({ endpoint })
  return store.locked(async () => {
    const settings = await store.read()
    if (!isFor(settings, endpoint)) throw faults.CLI_NOT_LOGGED_IN({ endpoint })
    const renewed = good(settings)
    if (renewed !== undefined) return renewed
    const refreshToken = settings['refresh-token']
    if (refreshToken === undefined) throw faults.CLI_NOT_LOGGED_IN({ endpoint })
    const tokens = await ask(
      http,
      settings['keycloak-endpoint'] ?? realmOf(endpoint),
      {
        grant_type: 'refresh_token',
        client_id: settings['client-id'] ?? DEFAULT_CLIENT,
        refresh_token: refreshToken,
      },
      signal,
    )
    if ('refused' in tokens) {
      await store.write(withoutTokens(settings))
      throw faults.CLI_LOGIN_EXPIRED({ endpoint, why: tokens.refused })
    }
    await store.write(withTokens(settings, tokens))
    return secret(tokens.accessToken)
  })
}

/** Ends the login here and, where it can be reached, at the issuer. */
export const logout = async (http: HttpClient, store: SettingsStore, signal: AbortSignal): Promise<'ended' | 'local'> =>
  store.locked(async () => {
    const settings = await store.read()
    await store.write(withoutTokens(settings))
    const refreshToken = settings['refresh-token']
    const realm = settings['keycloak-endpoint']
    if (refreshToken === undefined || realm === undefined) return 'local'
    try {
      const answer = await http.call({
        method: 'POST',
        url: `${realm.replace(/\/+$/, '')}/protocol/openid-connect/logout`,
        headers: FORM,
        body: form({ client_id: settings['client-id'] ?? DEFAULT_CLIENT, refresh_token: refreshToken }),
        signal,
      })
      return answer.status < 300 ? 'ended' : 'local'
    } catch (error) {
      if (error instanceof Fault) return 'local'
      throw error
    }
  })
