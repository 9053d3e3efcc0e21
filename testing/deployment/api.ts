import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'

/** A host as northbound clients see it, as far as scenarios read it. */
export interface HostView {
  readonly resourceId: string
  readonly name: string
  readonly uuid?: string
  readonly currentAmtState: string
  readonly desiredAmtState: string
  readonly amtStatus: string
  readonly outrider: {
    readonly support: string
    readonly reason: string
    readonly amtVersion?: string
    readonly controlMode?: string
    readonly amtUuid?: string
    readonly presence: { readonly connected: boolean }
    readonly power: string
    readonly lastOperation?: { readonly id: string; readonly life: string; readonly code?: string }
  }
}

export interface OperationView {
  readonly id: string
  readonly kind: string
  readonly life: 'queued' | 'running' | 'succeeded' | 'failed' | 'refused' | 'cancelled'
  readonly steps: readonly { readonly step: string; readonly message: string }[]
  readonly fault?: { readonly code: string; readonly message: string; readonly remedy: string }
  readonly createdAt: string
  readonly endedAt?: string
  readonly revision: number
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

export interface Call {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly token?: string
  /** How long an orchestrator that is away is asked again, in milliseconds. */
  readonly patience?: number
}

const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'refused', 'cancelled'])
const AGAIN_EVERY = 100

/** An orchestrator that is served somewhere, in a process of its own or in ours. */
export interface Served {
  readonly port: number
  readonly caFile: string
  /** Of `admin`. */
  readonly passwordFile: string
}

/**
 * A client of the orchestrator's API as a script would have it: what is lost on the way is asked again, under the
 * same idempotency key where it asks for something.
 */
export class Api {
  readonly #served: Served
  readonly #agent: Agent
  readonly #user: string
  #password: string | undefined
  #token: Promise<string> | undefined

  constructor(served: Served, user = 'admin', password?: string) {
    this.#served = served
    this.#agent = new Agent({ keepAlive: true, ca: readFileSync(served.caFile) })
    this.#user = user
    this.#password = password
  }

  close(): void {
    this.#agent.destroy()
  }

  /** An access token of this user. */
  token(): Promise<string> {
    this.#token ??= this.#login()
    return this.#token
  }

  #login(): Promise<string> {
    this.#password ??= readFileSync(this.#served.passwordFile, 'utf8').trim()
    const whom = { username: this.#user, password: this.#password }
    return this.#grant({ grant_type: 'password', client_id: 'system-client', ...whom })
  }

  /** An access token of a program, by its client credentials. */
  clientToken(clientId: string, clientSecret: string): Promise<string> {
    return this.#grant({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret })
  }

  async #grant(form: Readonly<Record<string, string>>): Promise<string> {
    const { status, text } = await this.#again(60_000, () =>
      this.#send('POST', '/realms/master/protocol/openid-connect/token', new URLSearchParams(form).toString(), {
        'content-type': 'application/x-www-form-urlencoded',
      }),
    )
    if (status !== 200) throw new Error(`a token was asked for and ${status} answered: ${text}`)
    return (JSON.parse(text) as { access_token: string }).access_token
  }

  /** Asks once more and more while the orchestrator is away; any answer but "unavailable" counts. */
  async #again(patience: number, ask: () => Promise<Answer>): Promise<Answer> {
    const end = performance.now() + patience
    for (;;) {
      const last = performance.now() > end
      try {
        const answer = await ask()
        if (answer.status !== 503 || last) return answer
      } catch (error) {
        if (last) throw error
      }
      await pause(AGAIN_EVERY)
    }
  }

  #send(method: string, path: string, body: string | undefined, headers: Readonly<Record<string, string>>) {
    return new Promise<Answer>((resolve, reject) => {
      const call = request(
        {
          host: 'localhost',
          port: this.#served.port,
          method,
          path,
          agent: this.#agent,
          timeout: 60_000,
          headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
        },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          answer.on('error', reject)
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
        },
      )
      call.on('error', reject)
      call.on('timeout', () => call.destroy(new Error('no answer within a minute')))
      call.end(body)
    })
  }

  async ask(method: string, path: string, { body, headers, token, patience = 0 }: Call = {}): Promise<Answer> {
    const authorization = `Bearer ${token ?? (await this.token())}`
    const text = body === undefined ? undefined : JSON.stringify(body)
    return this.#again(patience, () =>
      this.#send(method, path, text, {
        authorization,
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      }),
    )
  }

  /** What is answered, from an orchestrator that may be starting again. Throws where it is no success. */
  async json<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const { status, text } = await this.ask(method, path, { patience: 60_000, ...call })
    if (status >= 300) throw new Error(`${method} ${path} was answered ${status}: ${text}`)
    return JSON.parse(text) as T
  }

  readonly compute = '/v1/projects/default/compute'

  host(key: string): Promise<HostView> {
    return this.json('GET', `${this.compute}/hosts/${key}`)
  }

  /**
   * Registers a machine, by its serial number alone where no UUID is given, and writes the environment file of its
   * agents. Its resource id.
   */
  async enrol(name: string, serialNumber: string, uuid: string | undefined, envFile: string): Promise<string> {
    const body = { name, serialNumber, ...(uuid === undefined ? {} : { uuid }) }
    const { resourceId } = await this.json<HostView>('POST', `${this.compute}/hosts/register`, { body })
    const { environment } = await this.json<{ environment: Readonly<Record<string, string>> }>(
      'POST',
      `${this.compute}/hosts/${resourceId}/agent-env`,
      { body: {} },
    )
    const lines = Object.entries(environment).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(envFile, lines.join(''), { mode: 0o600 })
    return resourceId
  }

  /** Asks for one change of a host, however often that must be sent. The operation it became, refused or not. */
  async request(hostId: string, change: object): Promise<string> {
    const { status, headers, text } = await this.ask('PATCH', `${this.compute}/hosts/${hostId}`, {
      body: change,
      headers: { 'idempotency-key': randomUUID() },
      patience: 60_000,
    })
    const operation = headers['outrider-operation']
    if (typeof operation !== 'string') throw new Error(`the change was answered ${status}: ${text}`)
    return operation
  }

  operation(id: string): Promise<OperationView> {
    return this.json('GET', `${this.compute}/operations/${id}`)
  }

  /** The operation once it has ended. */
  async ended(id: string, milliseconds = 120_000): Promise<OperationView> {
    const end = performance.now() + milliseconds
    let operation = await this.operation(id)
    while (!ENDED.has(operation.life)) {
      if (performance.now() > end) {
        const steps = operation.steps.map(({ step }) => step).join(', ')
        throw new Error(`${operation.kind} ${id} has not ended after ${milliseconds} ms: ${operation.life}, ${steps}`)
      }
      const query = `wait=5&revision=${operation.revision}`
      operation = await this.json('GET', `${this.compute}/operations/${id}?${query}`)
    }
    return operation
  }

  /** Power of a device by way of MPS, read with the credentials that are stored: 200, or what kept it from that. */
  power(guid: string): Promise<Answer> {
    return this.ask('GET', `/api/v1/amt/power/state/${guid}`, { patience: 60_000 })
  }
}
