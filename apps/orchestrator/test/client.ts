import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly json: Record<string, unknown>
}

/** One HTTP/1.1 request on a connection of its own, for tests. */
export const ask = (
  origin: string,
  method: string,
  path: string,
  options: {
    readonly headers?: Record<string, string>
    readonly body?: unknown
    readonly ca?: string
    readonly signal?: AbortSignal
  } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { protocol, hostname, port } = new URL(origin)
    const { body, ca, signal } = options
    const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const send = protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(
      {
        host: hostname,
        port,
        method,
        path,
        agent: false,
        ...(ca !== undefined && { ca }),
        ...(signal !== undefined && { signal }),
        headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...options.headers },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
        })
        response.on('end', () => {
          const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
        })
        response.on('error', reject)
      },
    )
    request.on('error', reject)
    request.end(payload)
  })
