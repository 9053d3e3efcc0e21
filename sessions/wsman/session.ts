import { Fault, type Milliseconds, text } from '@outrider/protocols/values'
import {
  type AnyCimClass,
  decodeResponse,
  type EndpointReference,
  type HttpResponse,
  type InputOf,
  type InstanceOf,
  type MethodOf,
  type OutputOf,
  printInput,
  printInstance,
  RequestForms,
  readInstance,
  readOutput,
  type Selectors,
  statusName,
  type Wsman,
  type WsmanReply,
  type WsmanRequest,
  type WsmanResult,
  writeRequest,
  wsmanFaults,
} from '@outrider/protocols/wsman'
import { CallSignal } from '../streams/index.ts'
import { CallQueue } from './call-queue.ts'
import { type Credentials, DigestClient } from './digest-client.ts'
import { type HttpExchange, NoAnswer } from './http-exchange.ts'
import { KeepAliveExchange, type OpenStream } from './keep-alive-exchange.ts'

export interface WsmanSessionOptions {
  /** The way to the device: connections of our own, or a relay's exchanges. */
  readonly way: { readonly openStream: OpenStream } | { readonly exchange: HttpExchange }
  /** Value of the `Host` field, e.g. `d12428be-9fa1-4226-9784-54b2038beab6:16992`. */
  readonly host: string
  readonly credentials: Credentials
  /** For each request from its turn on: connecting, answering a challenge and the answer. */
  readonly deadlineMs: Milliseconds
  /** Requests at a time, 1 to 3. */
  readonly concurrency?: number
  /** How the body is framed: a relay to an RPC client needs `chunked` (reference/rps.md 1.10). */
  readonly framing?: 'length' | 'chunked'
  /** Whether each request asks for the end of its connection. */
  readonly closeEach?: boolean
  /** Shared by the sessions of many devices, it is written once what they all send. */
  readonly forms?: RequestForms
}

/** WS-MAN of one device over a live connection, until it is closed. */
export interface WsmanSession extends Wsman, Disposable {
  /** Other credentials from the next request on: after activation the device has another user. */
  useCredentials(credentials: Credentials): void
  /** How many requests may be under way at a time. */
  setConcurrency(limit: number): void
  /** Ends every call that waits, at once, with `reason` or `WSMAN_CLOSED`. May be called again. */
  close(reason?: Fault): void
}

/** A request is written this often at most, however many challenges the device thinks of. */
const SENDS = 4
/** Firmware gives what fits into a page; more pages than this are no enumeration. */
const PAGES = 256

type Operation = Exclude<WsmanRequest['operation'], { type: 'other' }>

/** Reads change nothing, so they may be asked again where the connection ended without an answer. */
const reads = (operation: Operation): boolean =>
  operation.type === 'get' || operation.type === 'enumerate' || operation.type === 'pull'

export const createWsmanSession = (options: WsmanSessionOptions): WsmanSession => new Session(options)

class Session implements WsmanSession {
  readonly #options: WsmanSessionOptions
  readonly #exchange: HttpExchange
  readonly #digest: DigestClient
  readonly #queue: CallQueue
  readonly #forms: RequestForms
  /** Those that run or wait for their turn: cheaper than a listener of each at a signal of the session. */
  readonly #calls = new Set<CallSignal>()
  #closed: Fault | undefined
  #messageId = 0

  constructor(options: WsmanSessionOptions) {
    this.#options = options
    this.#exchange = 'exchange' in options.way ? options.way.exchange : new KeepAliveExchange(options.way.openStream)
    this.#digest = new DigestClient(options.credentials)
    this.#queue = new CallQueue(options.concurrency ?? 1)
    this.#forms = options.forms ?? new RequestForms()
  }

  useCredentials(credentials: Credentials): void {
    this.#digest.use(credentials)
  }

  setConcurrency(limit: number): void {
    this.#queue.limit = limit
  }

  close(reason: Fault = wsmanFaults.WSMAN_CLOSED()): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    for (const call of this.#calls) call.end(reason)
    this.#exchange.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async get<C extends AnyCimClass>(cls: C, selectors: Selectors, signal: AbortSignal): Promise<InstanceOf<C>> {
    const result = await this.#call(cls, selectors, { type: 'get' }, signal)
    if (result.type !== 'get') throw unexpected(cls, 'Get')
    return readInstance(cls, result.instance)
  }

  async put<C extends AnyCimClass>(
    cls: C,
    instance: InstanceOf<C>,
    selectors: Selectors,
    signal: AbortSignal,
  ): Promise<InstanceOf<C>> {
    const operation = { type: 'put', instance: printInstance(cls, instance) } as const
    const result = await this.#call(cls, selectors, operation, signal)
    if (result.type !== 'put') throw unexpected(cls, 'Put')
    // Some classes answer with nothing: then the device has what it was sent.
    return result.instance === undefined ? instance : readInstance(cls, result.instance)
  }

  async create<C extends AnyCimClass>(
    cls: C,
    instance: InstanceOf<C>,
    signal: AbortSignal,
  ): Promise<EndpointReference> {
    const result = await this.#call(cls, {}, { type: 'create', instance: printInstance(cls, instance) }, signal)
    if (result.type !== 'create') throw unexpected(cls, 'Create')
    return result.created
  }

  async delete<C extends AnyCimClass>(cls: C, selectors: Selectors, signal: AbortSignal): Promise<void> {
    await this.#call(cls, selectors, { type: 'delete' }, signal)
  }

  async enumerate<C extends AnyCimClass>(cls: C, signal: AbortSignal): Promise<readonly InstanceOf<C>[]> {
    try {
      return await this.#pages(cls, signal)
    } catch (error) {
      // Firmware under load forgets enumerations (reference/mps.md 2.2): begun anew, once.
      if (!(error instanceof Fault) || error.detail.subcode !== 'InvalidEnumerationContext') throw error
      return this.#pages(cls, signal)
    }
  }

  async #pages<C extends AnyCimClass>(cls: C, signal: AbortSignal): Promise<readonly InstanceOf<C>[]> {
    const opened = await this.#call(cls, {}, { type: 'enumerate' }, signal)
    if (opened.type !== 'enumerate') throw unexpected(cls, 'Enumerate')
    const instances: InstanceOf<C>[] = []
    let context: string | undefined = opened.context
    for (let pages = 0; context !== undefined; pages++) {
      if (pages >= PAGES) throw wsmanFaults.WSMAN_MALFORMED({ reason: `an enumeration of more than ${PAGES} pages` })
      const page: WsmanResult = await this.#call(cls, {}, { type: 'pull', context }, signal)
      if (page.type !== 'pull') throw unexpected(cls, 'Pull')
      for (const item of page.items) instances.push(readInstance(cls, item))
      // Some firmware says neither that there is more nor that this is all: then it is all.
      context = page.end ? undefined : page.context
    }
    return instances
  }

  async invoke<C extends AnyCimClass, N extends MethodOf<C>>(
    cls: C,
    method: N,
    input: InputOf<C, N>,
    signal: AbortSignal,
  ): Promise<OutputOf<C, N>> {
    const operation = { type: 'invoke', method, input: printInput(cls, method, input) } as const
    const result = await this.#call(cls, {}, operation, signal)
    if (result.type !== 'invoke' || result.method !== method) throw unexpected(cls, method)
    const output = readOutput(cls, method, result.output)
    const { ReturnValue: returnValue } = output as { ReturnValue: number }
    if (returnValue !== 0) {
      const status = statusName(returnValue, cls.methods[method]?.returns)
      throw wsmanFaults.AMT_REFUSED({ method: `${cls.name}.${method}`, returnValue, status })
    }
    return output
  }

  /** One request in its turn, within its deadline, and what it came to. */
  async #call(cls: AnyCimClass, selectors: Selectors, operation: Operation, caller: AbortSignal): Promise<WsmanResult> {
    if (this.#closed !== undefined) throw this.#closed
    using scope = new CallSignal(caller)
    this.#calls.add(scope)
    try {
      return await this.#queue.run(() => this.#inTurn(cls, selectors, operation, scope), scope.signal)
    } finally {
      this.#calls.delete(scope)
    }
  }

  async #inTurn(cls: AnyCimClass, selectors: Selectors, operation: Operation, scope: CallSignal): Promise<WsmanResult> {
    const { deadlineMs } = this.#options
    scope.expect(deadlineMs, () => noReply(cls, operation, `nothing came within ${deadlineMs} ms`))
    const messageId = String(++this.#messageId)
    try {
      const request = { messageId, resourceUri: cls.uri, selectors, operation }
      const reply = await this.#converse(request, scope.signal)
      if ('fault' in reply) throw soapFault(cls, reply)
      return reply.result
    } catch (error) {
      throw meaning(error, cls, operation)
    }
  }

  /** Sends until there is an answer that is no challenge. */
  async #converse(
    request: Omit<WsmanRequest, 'operation'> & { readonly operation: Operation },
    signal: AbortSignal,
  ): Promise<WsmanReply> {
    const document = this.#forms.encode(request)
    const answer = new Answer(request.messageId)
    /** Nonces this call was given itself: refused with one of those, the credentials are wrong. */
    const own = new Set<string>()
    for (let sends = 1; ; sends++) {
      const proof = this.#digest.next()
      let response: HttpResponse
      try {
        response = await this.#exchange.send(this.#frame(document, proof?.field), answer.accepts, signal)
      } catch (error) {
        if (error instanceof NoAnswer && error.stale && reads(request.operation) && sends < SENDS) continue
        throw error
      }
      if (response.status !== 401) return this.#checked(answer, response)
      // A request that was refused was not carried out: whatever it was, it may be sent again.
      const challenge = this.#digest.challenged(response)
      const wrong = proof !== undefined && own.has(proof.nonce) && challenge?.stale !== true
      if (challenge === undefined || wrong || sends >= SENDS)
        throw wsmanFaults.WSMAN_UNAUTHORIZED({ username: this.#digest.username })
      own.add(challenge.nonce)
    }
  }

  #checked(answer: Answer, response: HttpResponse): WsmanReply {
    try {
      if (answer.accepts(response)) return answer.reply!
      throw wsmanFaults.WSMAN_MALFORMED({ reason: 'the answer to another request' })
    } catch (error) {
      this.#exchange.discard()
      throw error
    }
  }

  #frame(body: string, authorization: string | undefined) {
    const { host, framing = 'length', closeEach = false } = this.#options
    const fields: (readonly [string, string])[] = []
    if (authorization !== undefined) fields.push(['Authorization', authorization])
    fields.push(['Host', host])
    return writeRequest({ method: 'POST', target: '/wsman', fields, body, framing, close: closeEach })
  }
}

/** Reads responses to one request, each once. */
class Answer {
  readonly #messageId: string
  #response: HttpResponse | undefined
  reply: WsmanReply | undefined

  constructor(messageId: string) {
    this.#messageId = messageId
  }

  /** Whether `response` answers the request; a challenge names none. Throws `WSMAN_MALFORMED` where it has no envelope. */
  readonly accepts = (response: HttpResponse): boolean => {
    if (response.status === 401) return true
    if (this.#response !== response) {
      this.reply = readReply(response)
      this.#response = response
    }
    return this.reply?.relatesTo === this.#messageId
  }
}

/** The envelope in a response. Throws `WSMAN_MALFORMED` where it has none. */
const readReply = (response: HttpResponse): WsmanReply => {
  const { status } = response
  if (status !== 200 && status !== 400 && status !== 500)
    throw wsmanFaults.WSMAN_MALFORMED({ reason: `an answer with the status ${status}` })
  return decodeResponse(text(response.body))
}

const soapFault = (cls: AnyCimClass, reply: Extract<WsmanReply, { fault: unknown }>): Fault => {
  const resource = cls.name
  const { subcode, reason, detail } = reply.fault
  if (subcode === 'DestinationUnreachable') return wsmanFaults.WSMAN_NOT_FOUND({ resource })
  return wsmanFaults.WSMAN_FAULT({ resource, subcode, reason, ...(detail === undefined ? {} : { detail }) })
}

/** What a failed exchange means to the caller. The fault of a way that was cut stays what it is. */
const meaning = (error: unknown, cls: AnyCimClass, operation: Operation): unknown => {
  if (error instanceof NoAnswer) return error.cause ?? noReply(cls, operation, 'it ended the connection')
  if (!(error instanceof Fault) || (error.code !== 'WIRE_MALFORMED' && error.code !== 'WIRE_TOO_LONG')) return error
  return wsmanFaults.WSMAN_MALFORMED({ reason: 'its answer is not HTTP' }, error)
}

const noReply = (cls: AnyCimClass, operation: Operation, why: string): Fault => {
  const action = operation.type === 'invoke' ? operation.method : operation.type
  return wsmanFaults.WSMAN_NO_REPLY({ action, resource: cls.name, why })
}

const unexpected = (cls: AnyCimClass, action: string): Fault =>
  wsmanFaults.WSMAN_MALFORMED({ reason: `an answer that does not belong to ${action} of ${cls.name}` })
