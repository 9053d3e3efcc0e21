import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Fault, type FaultKind, faultStatus } from '@outrider/protocols/values'
import { faults } from './faults.ts'

export interface HttpCall {
  readonly method: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** How long the answer may take, in milliseconds. */
  readonly patienceMs?: number
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

export interface HttpClient extends Disposable {
  /** Throws `CLI_UNREACHABLE`, `CLI_UNTRUSTED`, `CLI_NO_ANSWER`, `CLI_ENDPOINT_INVALID`. */
  call(call: HttpCall): Promise<HttpAnswer>
}

const PATIENCE_MS = 30_000
const ANSWER_LIMIT = 32 * 1024 * 1024
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

const isUntrusted = (code: string): boolean =>
  code.startsWith('ERR_TLS_') || code.includes('CERT') || code.includes('SIGNATURE') || code.includes('ISSUER')

/** One kept-alive connection per origin, TLS verified with `ca` where it is given. */
export const httpClient = (ca: string | undefined, trace: (line: string) => void): HttpClient => {
  const secure = new HttpsAgent({ keepAlive: true, maxSockets: 4, ...(ca === undefined ? {} : { ca }) })
  const plain = new HttpAgent({ keepAlive: true, maxSockets: 4 })

  const once = ({ method, url, headers, body, patienceMs = PATIENCE_MS, signal }: HttpCall) =>
    new Promise<HttpAnswer>((resolve, reject) => {
      const target = readUrl(url)
      const endpoint = target.origin
      const overdue = AbortSignal.timeout(patienceMs)
      const reasonOf = (error: Error): unknown => {
        if (signal.aborted) return signal.reason
        if (overdue.aborted) return faults.CLI_NO_ANSWER({ endpoint, seconds: patienceMs / 1000 }, error)
        const why = (error as NodeJS.ErrnoException).code ?? error.message
        return (isUntrusted(why) ? faults.CLI_UNTRUSTED : faults.CLI_UNREACHABLE)({ endpoint, why }, error)
      }
      const failed = (error: Error): void => reject(reasonOf(error))
      const https = target.protocol === 'https:'
      const outgoing = (https ? httpsRequest : httpRequest)(
        target,
        {
          method,
          agent: https ? secure : plain,
          signal: AbortSignal.any([signal, overdue]),
          headers: {
            accept: 'application/json',
            ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
        },
        (answer) => {
          const parts: Buffer[] = []
          let length = 0
          answer.on('data', (part: Buffer) => {
            length += part.length
            if (length > ANSWER_LIMIT) answer.destroy(new Error('the answer is too long'))
            else parts.push(part)
          })
          answer.on('error', failed)
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              text: Buffer.concat(parts).toString('utf8'),
            }),
          )
        },
      )
      outgoing.on('error', failed)
      outgoing.end(body)
    })

  return {
    call: async (call) => {
      const begun = performance.now()
      const answer = await once(call)
      trace(`${call.method} ${call.url} → ${answer.status} in ${Math.round(performance.now() - begun)} ms`)
      return answer
    },
    [Symbol.dispose]: () => {
      secure.destroy()
      plain.destroy()
    },
  }
}

/** Throws `CLI_ENDPOINT_INVALID`. */
const readUrl = (url: string): URL => {
  const target = URL.canParse(url) ? new URL(url) : undefined
  if (target === undefined) throw faults.CLI_ENDPOINT_INVALID({ endpoint: url, why: 'it is not a URL' })
  if (target.protocol === 'http:' && !LOOPBACK.has(target.hostname))
    throw faults.CLI_ENDPOINT_INVALID({ endpoint: target.origin, why: 'without TLS only this machine is spoken to' })
  if (target.protocol !== 'http:' && target.protocol !== 'https:')
    throw faults.CLI_ENDPOINT_INVALID({ endpoint: url, why: 'it does not begin with https://' })
  return target
}

const isKind = (kind: unknown): kind is FaultKind => typeof kind === 'string' && Object.hasOwn(faultStatus, kind)

/** Where the parts of a fault are: at the top of problem details, or in the first detail of a legacy body. */
const faultParts = (body: unknown): Readonly<Record<string, unknown>> | undefined => {
  if (typeof body !== 'object' || body === null) return undefined
  const top = body as Readonly<Record<string, unknown>>
  const [first] = Array.isArray(top.details) ? (top.details as unknown[]) : []
  if (typeof first === 'object' && first !== null && 'remedy' in first)
    return first as Readonly<Record<string, unknown>>
  return top
}

const kindOfStatus = (status: number): FaultKind => {
  const kinds = Object.entries(faultStatus) as [FaultKind, (typeof faultStatus)[FaultKind]][]
  return kinds.find(([, { http }]) => http === status)?.[0] ?? (status >= 500 ? 'unavailable' : 'invalid')
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** The fault an answer other than success says. */
export const faultOfAnswer = (endpoint: string, answer: HttpAnswer): Fault => {
  let body: unknown
  try {
    body = JSON.parse(answer.text)
  } catch {
    // A proxy, or an orchestrator that has only begun to listen.
    if (faultStatus.unavailable.http === answer.status || answer.status === 502)
      return faults.CLI_UNREACHABLE({ endpoint, why: `it answers ${answer.status}` })
    return faults.CLI_ANSWER_UNREADABLE({ endpoint, status: answer.status })
  }
  const parts = faultParts(body)
  const kind = isKind(parts?.kind) ? parts.kind : kindOfStatus(answer.status)
  const message = text(parts?.message) ?? text(parts?.detail) ?? text(parts?.title)
  if (message === undefined) return faults.CLI_ANSWER_UNREADABLE({ endpoint, status: answer.status })
  const detail = [parts?.facts, parts?.detail].find((facts) => typeof facts === 'object' && facts !== null)
  return new Fault({
    kind,
    code: text(parts?.code) ?? `HTTP_${answer.status}`,
    message,
    remedy: text(parts?.remedy) ?? 'See the log of the orchestrator at this time.',
    ...(detail === undefined ? {} : { detail: detail as Record<string, string | number | boolean> }),
  })
}
