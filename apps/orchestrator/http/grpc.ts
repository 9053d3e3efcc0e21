import { Code, ConnectError, type ConnectRouter, type ContextKey, type Interceptor } from '@connectrpc/connect'
import type { Caller, RequestContext } from '@outrider/domain/identity'
import type { EventSink } from '@outrider/domain/ports'
import type { Permission } from '@outrider/protocols/rest'
import { Fault, faultStatus } from '@outrider/protocols/values'
import type { Attempt, Auditor } from './audit.ts'
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

/** Proves the caller of each call before its handler runs, and turns faults into gRPC statuses. */
export const guard = ({ permission }: Pick<GrpcRow, 'permission'>, options: GrpcOptions): Interceptor => {
  const { prove, events, auditor, contextKey } = options
  return (next) => async (request) => {
    const route = new URL(request.url).pathname
    let attempt: Attempt | undefined
    const fail = (error: unknown): ConnectError => {
      // A caller that went away is nobody's fault and hears nothing of it.
      if (request.signal.aborted || error instanceof ConnectError) return ConnectError.from(error)
      const fault = Fault.from(error)
      const { kind, code, cause = fault } = fault
      if (kind === 'bug')
        events.emit('http.failed', { method: 'grpc', route, cause: String((cause as Error).stack ?? cause) })
      else events.emit('http.refused', { method: 'grpc', route, status: faultStatus[kind].grpc, code })
      // Agents are refused many things in the course of their work; what they may not even ask is another matter.
      if (kind === 'denied' && attempt !== undefined) void auditor.recordOnce(attempt, fault)
      return toConnectError(fault)
    }
    try {
      const claim = {
        authorization: request.header.get('authorization') ?? undefined,
        known: (caller: Caller) => {
          const { hostId } = caller
          // The wire library does not say who is at the other end.
          attempt = { act: route, caller, from: '', ...(hostId === undefined ? {} : { hostId }) }
        },
      }
      request.contextValues.set(contextKey, await prove({ permission, scope: 'caller' }, claim, request.signal))
      const response = await next(request)
      return response.stream ? { ...response, message: failing(response.message, fail) } : response
    } catch (error) {
      throw fail(error)
    }
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
