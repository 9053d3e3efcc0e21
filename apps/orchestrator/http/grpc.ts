import type { ServerResponse } from 'node:http'
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ContextKey,
  type ContextValues,
  createContextKey,
  createContextValues,
  type Interceptor,
} from '@connectrpc/connect'
import { codeToHttpStatus, errorToJson } from '@connectrpc/connect/protocol-connect'
import type { Caller, RequestContext } from '@outrider/domain/identity'
import type { EventSink } from '@outrider/domain/ports'
import type { Permission } from '@outrider/protocols/rest'
import { Fault, faultStatus } from '@outrider/protocols/values'
import { CallSignal } from '@outrider/sessions/streams'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Attempt, Auditor } from './audit.ts'
import { addressOf } from './peer.ts'
import type { Prove } from './prove.ts'

/** gRPC services of one component, and what their callers must be allowed to do. */
export interface GrpcRow {
  readonly permission: Exclude<Permission, 'public'>
  readonly register: (router: ConnectRouter) => void
}

export interface GrpcOptions {
  readonly prove: Prove
  readonly events: EventSink
  readonly auditor: Auditor
  /** Where handlers find who is asking. */
  readonly contextKey: ContextKey<RequestContext | undefined>
}

/** A call whose caller is known and may make it. */
interface Admitted {
  readonly context: RequestContext
  readonly attempt: Attempt
}

const CALL = 'outriderCall'
const PROOF_MILLISECONDS = 10_000
const attemptKey = createContextKey<Attempt | undefined>(undefined)

/** Proves the caller of each call before a byte of its message is read; whoever may not call is told so at once. */
export const admitCalls = (
  scope: FastifyInstance,
  { permission }: Pick<GrpcRow, 'permission'>,
  options: GrpcOptions,
) => {
  scope.decorateRequest(CALL, undefined)
  scope.addHook('onRequest', async (request, reply) => {
    const act = request.routeOptions.url ?? 'none'
    let attempt: Attempt | undefined
    const claim = {
      authorization: request.headers.authorization,
      known: (caller: Caller) => {
        const { hostId } = caller
        attempt = { act, caller, from: addressOf(request.raw.socket), ...(hostId === undefined ? {} : { hostId }) }
      },
    }
    try {
      using limit = new CallSignal()
      limit.expect(PROOF_MILLISECONDS)
      const context = await options.prove({ permission, scope: 'caller' }, claim, limit.signal)
      request.setDecorator(CALL, { context, attempt })
    } catch (error) {
      reply.hijack()
      refuseCall(request, reply.raw, tell(error, act, attempt, options))
    }
  })
}

/** What `admitCalls` knows of a call, for its handler. */
export const valuesOf = (request: FastifyRequest, { contextKey }: Pick<GrpcOptions, 'contextKey'>): ContextValues => {
  const { context, attempt } = request.getDecorator<Admitted>(CALL)
  return createContextValues().set(contextKey, context).set(attemptKey, attempt)
}

/** As the protocol of the call has it, without its message having been read. */
const refuseCall = ({ headers }: FastifyRequest, response: ServerResponse, error: ConnectError): void => {
  const { 'content-type': type = '' } = headers
  const metadata = Object.fromEntries(error.metadata)
  if (/^application\/grpc\b/i.test(type)) {
    const status = { 'grpc-status': String(error.code), 'grpc-message': encodeURIComponent(error.rawMessage) }
    response.writeHead(200, { ...metadata, ...status, 'content-type': type }).end()
    return
  }
  response.writeHead(codeToHttpStatus(error.code), { ...metadata, 'content-type': 'application/json' })
  response.end(JSON.stringify(errorToJson(error, undefined)))
}

/** Tells of what went wrong, and says it to the caller. */
const tell = (
  error: unknown,
  route: string,
  attempt: Attempt | undefined,
  { events, auditor }: Pick<GrpcOptions, 'events' | 'auditor'>,
): ConnectError => {
  const fault = Fault.from(error)
  const { kind, code, cause = fault } = fault
  if (kind === 'bug')
    events.emit('http.failed', { method: 'grpc', route, cause: String((cause as Error).stack ?? cause) })
  else events.emit('http.refused', { method: 'grpc', route, status: faultStatus[kind].grpc, code })
  // Agents are refused many things in the course of their work; what they may not even ask is another matter.
  if (kind === 'denied' && attempt !== undefined) void auditor.recordOnce(attempt, fault)
  return toConnectError(fault)
}

/** Turns faults of handlers into gRPC statuses. */
export const answerFaults =
  (options: GrpcOptions): Interceptor =>
  (next) =>
  async (request) => {
    const route = new URL(request.url).pathname
    const fail = (error: unknown): ConnectError =>
      // A caller that went away is nobody's fault and hears nothing of it.
      request.signal.aborted || error instanceof ConnectError
        ? ConnectError.from(error)
        : tell(error, route, request.contextValues.get(attemptKey), options)
    try {
      const response = await next(request)
      return response.stream ? { ...response, message: failing(response.message, fail) } : response
    } catch (error) {
      throw fail(error)
    }
  }

async function* failing<T>(messages: AsyncIterable<T>, fail: (error: unknown) => ConnectError): AsyncGenerator<T> {
  try {
    yield* messages
  } catch (error) {
    throw fail(error)
  }
}

/** Code and remedy travel as metadata: `outrider-fault`, and `outrider-remedy` in percent encoding. */
export const toConnectError = (fault: Fault): ConnectError =>
  new ConnectError(
    fault.message,
    faultStatus[fault.kind].grpc as Code,
    { 'outrider-fault': fault.code, 'outrider-remedy': encodeURIComponent(fault.remedy) },
    [],
    fault,
  )

export const stoppingError = (): ConnectError => new ConnectError('the service is stopping', Code.Unavailable)
