import { conditionOf, type Host, type HostChange, type HostPolicy, withoutConditions } from '@outrider/domain/hosts'
import type { RequestContext } from '@outrider/domain/identity'
import type { Operation } from '@outrider/domain/operations'
import { type RouteReply, type RouteRequest, route } from '@outrider/protocols/rest'
import type { EpochMilliseconds } from '@outrider/protocols/values'
import { type TSchema, Type } from 'typebox'
import { faults } from '../faults.ts'
import { type HostWrite, hostBody, readHostWrite } from '../northbound/host-body.ts'
import { hostFields } from '../northbound/host-fields.ts'
import { modeRefusal, type Wish } from '../operations/decide.ts'
import { powerKindOf } from '../operations/kinds.ts'
import type { InventoryParts } from '../records/deps.ts'
import { registerChange } from '../records/register.ts'
import type { HostEdit, Requested, Requests } from '../records/requests.ts'
import { demand, northboundReply, projectOf, requesterOf, withOperations } from './context.ts'
import type { HostViews } from './host-view.ts'

const params = Type.Object({ project: Type.String(), id: Type.String() })
const KEY = /^[\x21-\x7e]{1,200}$/

/** Throws `IDEMPOTENCY_KEY_INVALID`. */
export const idempotencyKey = (headers: Readonly<Record<string, string | undefined>>) => {
  const key = headers['idempotency-key']
  if (key === undefined) return {}
  if (!KEY.test(key)) throw faults.IDEMPOTENCY_KEY_INVALID()
  return { idempotencyKey: key }
}

/** Acts a write asks for: AMT first, so that power may follow an activation. */
const wishesOf = (host: Host, write: HostWrite): Wish[] => {
  const wishes: Wish[] = []
  if (write.desiredAmt === 'provisioned') {
    const named = write.desiredControlMode ?? 'none'
    const mode = named === 'none' ? host.desiredControlMode : named
    wishes.push({ kind: 'activate', ...(mode === 'none' ? {} : { controlMode: mode }) })
  }
  if (write.desiredAmt === 'unprovisioned') wishes.push({ kind: 'deactivate' })
  const power = write.desiredPower === undefined ? undefined : powerKindOf[write.desiredPower]
  if (power !== undefined) wishes.push({ kind: power })
  if (write.powerAction !== undefined) wishes.push({ kind: write.powerAction })
  return wishes
}

/** A policy that is written begins anew, also where it is the same one. */
const policyFields = (host: Host, policy: HostPolicy, at: EpochMilliseconds): HostChange => ({
  policy,
  policySince: at,
  ...(conditionOf(host, 'policy-gave-up') === undefined
    ? {}
    : { conditions: withoutConditions(host, 'policy-gave-up') }),
})

/** Fields a write changes by itself; the desired states are written with their operations. */
const fieldsOf = (host: Host, write: HostWrite, at: EpochMilliseconds): HostChange => ({
  ...registerChange(host, write),
  ...(write.powerPolicy === undefined || write.powerPolicy === host.powerPolicy
    ? {}
    : { powerPolicy: write.powerPolicy }),
  ...(write.desiredControlMode === undefined || write.desiredControlMode === host.desiredControlMode
    ? {}
    : { desiredControlMode: write.desiredControlMode }),
  ...(write.dnsSuffix === undefined || write.dnsSuffix === (host.dnsSuffix ?? '')
    ? {}
    : { dnsSuffix: write.dnsSuffix }),
  ...(write.metadata === undefined ? {} : { metadata: write.metadata }),
  ...(write.policy === undefined ? {} : policyFields(host, write.policy, at)),
  ...(write.desiredPower === 'unspecified' && host.desiredPower !== 'unspecified'
    ? { desiredPower: 'unspecified' as const }
    : {}),
  ...(write.desiredAmt === 'unspecified' && host.desiredAmt !== 'unspecified'
    ? { desiredAmt: 'unspecified' as const }
    : {}),
})

/** What a PATCH asks for. Throws the fault of a control mode that cannot be changed in place. */
export const editOf = (
  host: Host,
  write: HostWrite,
  pending: readonly Operation[],
  at: EpochMilliseconds,
): HostEdit => {
  const wishes = wishesOf(host, write)
  const mode = write.desiredControlMode ?? 'none'
  // With an activation in the same write its refusal says it, and is recorded.
  if (mode !== 'none' && !wishes.some((wish) => wish.kind === 'activate' || wish.kind === 'deactivate')) {
    const fault = modeRefusal(host, mode, pending)
    if (fault !== undefined) throw fault
  }
  return {
    fields: fieldsOf(host, write, at),
    wishes,
    ...(write.policy === undefined ? {} : { act: `set-policy-${write.policy}` }),
  }
}

/**
 * What a PUT asks for: a client repeats everything it read, so a desired state counts as written only where it
 * differs, and what is left out stays.
 */
const replaceOf: typeof editOf = (host, write, pending, at) => {
  const { desiredAmt, desiredPower, policy, ...rest } = write
  return editOf(
    host,
    {
      ...rest,
      ...(desiredAmt === undefined || desiredAmt === host.desiredAmt ? {} : { desiredAmt }),
      ...(desiredPower === undefined || desiredPower === host.desiredPower ? {} : { desiredPower }),
      ...(policy === undefined || policy === host.policy ? {} : { policy }),
    },
    pending,
    at,
  )
}

/** A power operator may write what moves power, and send along what does not change. */
const POWER_FIELDS = new Set<keyof HostWrite>(['desiredPower', 'powerPolicy', 'powerAction'])
const onlyPower = (host: Host, write: HostWrite): boolean =>
  (Object.keys(write) as (keyof HostWrite)[]).every(
    (field) => POWER_FIELDS.has(field) || (field === 'name' && write.name === host.name),
  )

export const writeRoutes = ({ clock }: Pick<InventoryParts, 'clock'>, requests: Requests, views: HostViews) => {
  const replyTo = async (requested: Requested, signal: AbortSignal): Promise<RouteReply> => {
    if (requested.refused?.fault !== undefined)
      return withOperations(northboundReply(requested.refused.fault), [requested.refused])
    return withOperations({ status: 200, body: await views.of(requested.host, signal) }, requested.operations)
  }

  const write = async (
    request: RouteRequest<TSchema, TSchema, TSchema, RequestContext>,
    id: string,
    read: HostWrite,
    edit: typeof editOf,
  ): Promise<RouteReply> => {
    const { context, headers, from, signal } = request
    const requested = await requests.change(
      {
        project: projectOf(context),
        id,
        requester: requesterOf(context, from),
        act: 'set-host',
        ...idempotencyKey(headers),
        edit: (host, pending) => {
          if (!onlyPower(host, read)) demand(context, 'operate')
          return edit(host, read, pending, clock.now())
        },
      },
      signal,
    )
    return replyTo(requested, signal)
  }

  const patch = route<RequestContext>()({
    method: 'PATCH',
    path: '/v1/projects/:project/compute/hosts/:id',
    audit: { act: 'set-host', byHandler: true },
    about:
      'Writes the fields of a host that the mask or the keys of the body name. Each write of a desired state is one ' +
      'operation, named by the header Outrider-Operation; a refused one is answered with its fault.',
    permission: 'power',
    scope: 'path',
    origin: 'legacy-northbound',
    params,
    query: Type.Object({ fieldMask: Type.Optional(Type.String({ maxLength: 2000 })) }),
    body: hostBody,
    handle: (request) =>
      write(request, request.params.id, readHostWrite(request.body, request.query.fieldMask), editOf),
  })

  const put = route<RequestContext>()({
    method: 'PUT',
    path: '/v1/projects/:project/compute/hosts/:id',
    audit: { act: 'set-host', byHandler: true },
    about: 'Writes a host as it was read. Desired states count as written only where they differ; absent fields stay.',
    permission: 'operate',
    scope: 'path',
    origin: 'legacy-northbound',
    params,
    body: hostBody,
    handle: (request) => {
      const unknown = Object.keys(request.body).find((key) => !hostFields.has(key))
      if (unknown !== undefined) throw faults.HOST_FIELD_UNKNOWN({ field: unknown })
      return write(request, request.params.id, readHostWrite(request.body, undefined), replaceOf)
    },
  })

  return { routes: [patch, put], replyTo }
}
