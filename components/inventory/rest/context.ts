import { may, type ProjectId, type RequestContext } from '@outrider/domain/identity'
import type { Permission, RouteReply } from '@outrider/protocols/rest'
import { type FaultRecord, faultStatus } from '@outrider/protocols/values'
import { faults } from '../faults.ts'
import type { Requester } from '../records/requests.ts'

/** The project of a route whose path names it: proved by the surface before the handler runs. */
export const projectOf = (context: RequestContext): ProjectId => {
  if (context.project === undefined) throw new TypeError('a route of a project was called without one')
  return context.project
}

export const requesterOf = (context: RequestContext, from: string): Requester => {
  if (context.caller === undefined) throw new TypeError('a route of a project was called without a caller')
  return { subject: context.caller.subject, name: context.caller.name, from }
}

export const mayIn = (context: RequestContext, permission: Permission): boolean =>
  context.caller !== undefined && may(context.caller, projectOf(context), permission)

/** For routes whose permission depends on what is written. Throws `PERMISSION_MISSING`. */
export const demand = (context: RequestContext, permission: Permission): void => {
  if (!mayIn(context, permission)) throw faults.PERMISSION_MISSING({ permission })
}

const GRPC_NAMES: Readonly<Record<number, string>> = {
  3: 'InvalidArgument',
  4: 'DeadlineExceeded',
  5: 'NotFound',
  7: 'PermissionDenied',
  9: 'FailedPrecondition',
  13: 'Internal',
  14: 'Unavailable',
  16: 'Unauthenticated',
}

/**
 * An error as northbound clients know it: `{code, message, details}` with the gRPC code's name
 * (reference/emf-code.md 3.1); ours is the one detail.
 */
export const northboundError = (
  fault: FaultRecord,
): {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
} => {
  const { http, grpc } = faultStatus[fault.kind]
  return {
    status: http,
    headers: { 'outrider-fault': fault.code },
    body: {
      code: GRPC_NAMES[grpc] ?? 'Unknown',
      message: fault.message,
      details: [{ '@type': 'outrider.dev/Fault', ...fault }],
    },
  }
}

/** Where the operation of a request is named, refused ones included. */
export const OPERATION_HEADER = 'outrider-operation'

export const withOperations = (reply: RouteReply, operations: readonly { readonly id: string }[]): RouteReply =>
  operations.length === 0
    ? reply
    : {
        ...reply,
        headers: { ...reply.headers, [OPERATION_HEADER]: operations.map((operation) => operation.id).join(', ') },
      }
