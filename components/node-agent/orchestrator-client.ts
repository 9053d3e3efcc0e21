import { Agent, request } from 'node:https'
import { Secret } from '@outrider/protocols/values'
import type { NodeAgentConfig } from './config.ts'
import { nodeAgentFaults } from './faults.ts'
import type { ClientCredentials } from './files.ts'

/** What the node agent asks of the orchestrator and its issuer. */
export interface OrchestratorClient {
  /** Throws `NODE_ENROLMENT_REFUSED`, `NODE_ORCHESTRATOR_UNREACHABLE`. */
  enrol(
    token: Secret,
    machine: { readonly serial: string; readonly uuid: string },
    signal: AbortSignal,
  ): Promise<ClientCredentials>
  /** An access token by client credentials. Throws `NODE_TOKEN_REFUSED`, `NODE_ORCHESTRATOR_UNREACHABLE`. */
  accessToken(
    credentials: ClientCredentials,
    signal: AbortSignal,
  ): Promise<{ readonly token: Secret; readonly expiresInSeconds: number }>
  close(): void
}

const ANSWER_LIMIT = 256 * 1024
const DEADLINE_MS = 15_000

export const connectOrchestrator = (
  config: Pick<NodeAgentConfig, 'OUTRIDER_URL' | 'OUTRIDER_TOKEN_URL' | 'OUTRIDER_CA'>,
): OrchestratorClient => {
  const ca = config.OUTRIDER_CA === undefined ? undefined : Buffer.from(config.OUTRIDER_CA, 'base64')
  const agent = new Agent({ keepAlive: true, maxSockets: 2, ...(ca === undefined ? {} : { ca }) })

  const post = (url: string, contentType: string, body: string, signal: AbortSignal) =>
    new Promise<{ status: number; json: Record<string, unknown> }>((resolve, reject) => {
      const unreachable = (error: Error): void =>
        reject(nodeAgentFaults.NODE_ORCHESTRATOR_UNREACHABLE({ url, reason: reasonOf(error) }, error))
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])
      const call = request(
        url,
        {
          method: 'POST',
          agent,
          signal: deadline,
          headers: {
            'content-type': contentType,
            'content-length': Buffer.byteLength(body),
            accept: 'application/json',
          },
        },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8')
          answer.on('data', (chunk: string) => {
            text += chunk
            if (text.length > ANSWER_LIMIT) answer.destroy(new Error('the answer is too long'))
          })
          answer.on('error', unreachable)
          answer.on('end', () => {
            try {
              resolve({ status: answer.statusCode ?? 0, json: JSON.parse(text) as Record<string, unknown> })
            } catch {
              resolve({ status: answer.statusCode ?? 0, json: {} })
            }
          })
        },
      )
      call.on('error', unreachable)
      call.end(body)
    })

  return {
    async enrol(token, machine, signal) {
      const url = new URL('/v1/enrolment', config.OUTRIDER_URL).href
      const body = JSON.stringify({ token: token.reveal(), ...machine })
      const { status, json } = await post(url, 'application/json', body, signal)
      if (status >= 500 || status === 429)
        throw nodeAgentFaults.NODE_ORCHESTRATOR_UNREACHABLE({ url, reason: `it answers ${status}` })
      const { clientId, clientSecret, projectId } = json
      if (
        status >= 300 ||
        typeof clientId !== 'string' ||
        typeof clientSecret !== 'string' ||
        typeof projectId !== 'string'
      )
        throw nodeAgentFaults.NODE_ENROLMENT_REFUSED({
          code: typeof json.code === 'string' ? json.code : `HTTP ${status}`,
        })
      return { clientId, clientSecret: new Secret(clientSecret), projectId }
    },

    async accessToken(credentials, signal) {
      const url = config.OUTRIDER_TOKEN_URL
      const form = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: credentials.clientId,
        client_secret: credentials.clientSecret.reveal(),
        scope: 'api',
      })
      const { status, json } = await post(url, 'application/x-www-form-urlencoded', form.toString(), signal)
      if (status >= 500 || status === 429)
        throw nodeAgentFaults.NODE_ORCHESTRATOR_UNREACHABLE({ url, reason: `it answers ${status}` })
      if (status !== 200 || typeof json.access_token !== 'string')
        throw nodeAgentFaults.NODE_TOKEN_REFUSED({
          reason: typeof json.error === 'string' ? json.error : `HTTP ${status}`,
        })
      const expiresInSeconds = typeof json.expires_in === 'number' ? json.expires_in : 300
      return { token: new Secret(json.access_token), expiresInSeconds }
    },

    close: () => agent.destroy(),
  }
}

/** Node's code where there is one (`ECONNREFUSED`, `CERT_HAS_EXPIRED`): what an operator can look up. */
const reasonOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? error.message
