import { Fault, type Secret } from '@outrider/protocols/values'
import { faults } from './faults.ts'
import { faultOfAnswer, type HttpAnswer, type HttpClient } from './http.ts'

export interface ApiOptions {
  readonly http: HttpClient
  readonly endpoint: string
  readonly project: string
  readonly token: (signal: AbortSignal) => Promise<Secret>
  readonly signal: AbortSignal
}

export interface ApiCaller {
  call(
    method: string,
    url: string,
    body: object | undefined,
    more?: { readonly headers?: Readonly<Record<string, string>>; readonly patienceMs?: number },
  ): Promise<HttpAnswer>
  json<T>(answer: HttpAnswer): T
  get<T>(url: string, patienceMs?: number): Promise<T>
}

export const OPERATION_HEADER = 'outrider-operation'

export const queryOf = (fields: Readonly<Record<string, string | number | boolean | undefined>>): string => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, String(value))
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

/** Requests with a token that is good now; what is not a success is thrown as the fault it says. */
export const apiCaller = ({ http, endpoint, token, signal }: ApiOptions): ApiCaller => {
  const call = async (
    method: string,
    url: string,
    body: object | undefined,
    more: { readonly headers?: Readonly<Record<string, string>>; readonly patienceMs?: number } = {},
  ): Promise<HttpAnswer> => {
    const answer = await http.call({
      method,
      url,
      signal,
      ...(more.patienceMs === undefined ? {} : { patienceMs: more.patienceMs }),
      headers: {
        authorization: `Bearer ${(await token(signal)).reveal()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...more.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (answer.status >= 200 && answer.status < 300) return answer
    const fault = faultOfAnswer(endpoint, answer)
    const operation = answer.headers[OPERATION_HEADER]
    throw typeof operation === 'string'
      ? new Fault({ ...fault.record(), detail: { ...fault.detail, operation } })
      : fault
  }

  const json = <T>(answer: HttpAnswer): T => {
    try {
      return JSON.parse(answer.text) as T
    } catch (error) {
      throw faults.CLI_ANSWER_UNREADABLE({ endpoint, status: answer.status }, error)
    }
  }

  const get = async <T>(url: string, patienceMs?: number): Promise<T> =>
    json<T>(await call('GET', url, undefined, patienceMs === undefined ? {} : { patienceMs }))

  return { call, json, get }
}
