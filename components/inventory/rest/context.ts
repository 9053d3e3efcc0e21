import { may, type ProjectId, type RequestContext } from '@outrider/domain/identity'
import { northboundError, OPERATION_HEADER, type Permission, type RouteReply } from '@outrider/protocols/rest'
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

/** What the surface would answer, for handlers that answer a refusal themselves. */
export const northboundReply = (fault: FaultRecord) => ({
  status: faultStatus[fault.kind].http,
  headers: { 'outrider-fault': fault.code },
  body: northboundError(fault),
})

export const withOperations = (reply: RouteReply, operations: readonly { readonly id: string }[]): RouteReply =>
  operations.length === 0
    ? reply
    : {
        ...reply,
        headers: { ...reply.headers, [OPERATION_HEADER]: operations.map((operation) => operation.id).join(', ') },
      }
