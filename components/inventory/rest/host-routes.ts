import type { Host } from '@outrider/domain/hosts'
import type { RequestContext } from '@outrider/domain/identity'
import type { Operation } from '@outrider/domain/operations'
import { route } from '@outrider/protocols/rest'
import { Type } from 'typebox'
import { faults } from '../faults.ts'
import {
  hostBody,
  type RegisterBody,
  readHostWrite,
  readName,
  readSerial,
  readUuid,
  registerBody,
} from '../northbound/host-body.ts'
import type { InventoryParts } from '../records/deps.ts'
import type { Notifier } from '../records/notify.ts'
import { createRegister, registerChange } from '../records/register.ts'
import type { Requested, Requests } from '../records/requests.ts'
import type { Retire } from '../records/retire.ts'
import { demand, projectOf, requesterOf, withOperations } from './context.ts'
import type { HostViews } from './host-view.ts'
import { idempotencyKey, type writeRoutes } from './host-writes.ts'

const base = '/v1/projects/:project/compute/hosts'
const inProject = Type.Object({ project: Type.String() })
const oneHost = Type.Object({ project: Type.String(), id: Type.String() })

/** Throws `HOST_FIELD_INVALID`. Empty texts are left out: existing clients send every key. */
const identity = (
  body: Pick<RegisterBody, 'name' | 'serialNumber' | 'uuid'>,
): Partial<Pick<Host, 'name' | 'serial' | 'uuid'>> => ({
  ...(body.name === undefined || body.name === '' ? {} : { name: readName(body.name) }),
  ...(body.serialNumber === undefined || body.serialNumber === '' ? {} : { serial: readSerial(body.serialNumber) }),
  ...(body.uuid === undefined || body.uuid === '' ? {} : { uuid: readUuid(body.uuid) }),
})

export const hostRoutes = (
  parts: InventoryParts,
  notify: Notifier,
  requests: Requests,
  retire: Retire,
  views: HostViews,
  { replyTo }: Pick<ReturnType<typeof writeRoutes>, 'replyTo'>,
) => {
  const register = createRegister(parts, notify)
  const settings = { scope: 'path', origin: 'legacy-northbound' } as const

  const get = route<RequestContext>()({
    ...settings,
    method: 'GET',
    path: `${base}/:id`,
    about: 'One host, by resource id, SMBIOS or AMT UUID, name or serial number.',
    permission: 'view',
    params: oneHost,
    handle: async ({ params, context, signal }) => ({
      status: 200,
      body: await views.find(projectOf(context), params.id, signal),
    }),
  })

  const create = route<RequestContext>()({
    ...settings,
    method: 'POST',
    path: base,
    audit: { act: 'create-host', byHandler: true },
    about: 'Makes a host that is to be onboarded as soon as its machine enrols.',
    permission: 'operate',
    params: inProject,
    body: hostBody,
    handle: async ({ body, context, headers, from, signal }) => {
      const write = readHostWrite(body, undefined)
      const host = await register(
        projectOf(context),
        {
          ...(write.name === undefined ? {} : { name: write.name }),
          ...(write.serial === undefined ? {} : { serial: write.serial }),
          ...(write.uuid === undefined ? {} : { uuid: write.uuid }),
          ...(write.desiredControlMode === undefined ? {} : { desiredControlMode: write.desiredControlMode }),
          ...(write.dnsSuffix === undefined ? {} : { dnsSuffix: write.dnsSuffix }),
          ...(write.metadata === undefined ? {} : { metadata: write.metadata }),
          state: 'onboarded',
          powerPolicy: 'ordered',
        },
        requesterOf(context, from),
        signal,
      )
      if (write.desiredAmt !== 'provisioned') return { status: 200, body: await views.of(host, signal) }
      return replyTo(await activate(host, requesterOf(context, from), headers, signal), signal)
    },
  })

  const activate = (
    host: Host,
    requester: ReturnType<typeof requesterOf>,
    headers: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal,
  ): Promise<Requested> =>
    requests.change(
      {
        project: host.project,
        id: host.id,
        requester,
        act: 'set-host',
        ...idempotencyKey(headers),
        // The machine may be installed much later than it is registered.
        deadlineMs: parts.config.registrationDeadlineMs,
        edit: (row) => ({
          fields: {},
          wishes: [
            {
              kind: 'activate',
              ...(row.desiredControlMode === 'none' ? {} : { controlMode: row.desiredControlMode }),
            },
          ],
        }),
      },
      signal,
    )

  const registerNew = route<RequestContext>()({
    ...settings,
    method: 'POST',
    path: `${base}/register`,
    audit: { act: 'create-host', byHandler: true },
    about: 'Registers a machine by serial number, UUID or both, before it was ever seen.',
    permission: 'operate',
    params: inProject,
    query: Type.Object({ resourceId: Type.Optional(Type.String()) }),
    body: registerBody,
    handle: async ({ body, context, headers, from, signal }) => {
      const requester = requesterOf(context, from)
      const host = await register(
        projectOf(context),
        {
          ...identity(body),
          state: body.autoOnboard === true ? 'onboarded' : 'registered',
          powerPolicy: 'immediate',
        },
        requester,
        signal,
      )
      if (body.enableVpro !== true) return { status: 200, body: await views.of(host, signal) }
      return replyTo(await activate(host, requester, headers, signal), signal)
    },
  })

  const registerAgain = route<RequestContext>()({
    ...settings,
    method: 'PATCH',
    path: `${base}/:id/register`,
    audit: { act: 'set-host', byHandler: true },
    about: 'Changes what a machine was registered with; an identity that is known stays.',
    permission: 'operate',
    params: oneHost,
    body: registerBody,
    handle: async ({ params, body, context, headers, from, signal }) => {
      const given = identity(body)
      const requested = await requests.change(
        {
          project: projectOf(context),
          id: params.id,
          requester: requesterOf(context, from),
          act: 'set-host',
          ...idempotencyKey(headers),
          deadlineMs: parts.config.registrationDeadlineMs,
          edit: (host, pending) => ({
            fields: {
              ...registerChange(host, given),
              ...(body.autoOnboard === true && host.state === 'registered' ? { state: 'onboarded' as const } : {}),
            },
            wishes: body.enableVpro === true && !activating(host, pending) ? [{ kind: 'activate' as const }] : [],
          }),
        },
        signal,
      )
      return replyTo(requested, signal)
    },
  })

  const onboard = route<RequestContext>()({
    ...settings,
    method: 'PATCH',
    path: `${base}/:id/onboard`,
    audit: { act: 'onboard-host', byHandler: true },
    about: 'Lets a registered host in.',
    permission: 'operate',
    params: oneHost,
    handle: async ({ params, context, from, signal }) => {
      const requested = await requests.change(
        {
          project: projectOf(context),
          id: params.id,
          requester: requesterOf(context, from),
          act: 'onboard-host',
          edit: (host) => {
            if (host.state === 'untrusted' || host.state === 'deleted') throw faults.HOST_UNTRUSTED({ host: host.name })
            return { fields: host.state === 'onboarded' ? {} : { state: 'onboarded' }, wishes: [] }
          },
        },
        signal,
      )
      return replyTo(requested, signal)
    },
  })

  const invalidate = route<RequestContext>()({
    ...settings,
    method: 'PUT',
    path: `${base}/:id/invalidate`,
    audit: { act: 'deauthorise-host', byHandler: true },
    about:
      'Deauthorises a host: its agents’ credentials end. Where its machine is activated, as soon as the deactivation ' +
      'that the header Outrider-Operation names has succeeded.',
    permission: 'operate',
    params: oneHost,
    query: Type.Object({ note: Type.Optional(Type.String({ maxLength: 512 })) }),
    handle: async ({ params, query, context, from, signal }) => {
      const { operation } = await retire.request(
        {
          project: projectOf(context),
          id: params.id,
          act: 'deauthorise-host',
          note: query.note ?? '',
          requester: requesterOf(context, from),
          force: false,
        },
        signal,
      )
      return withOperations({ status: 200, body: {} }, operation === undefined ? [] : [operation])
    },
  })

  const remove = route<RequestContext>()({
    ...settings,
    method: 'DELETE',
    path: `${base}/:id`,
    audit: { act: 'delete-host', byHandler: true },
    about:
      'Deletes a host with its agents’ credentials and enrolment tokens. Where its machine may be activated, as soon as ' +
      'the deactivation that the header Outrider-Operation names has succeeded; an administrator may `force` it for a ' +
      'machine that is gone.',
    permission: 'operate',
    params: oneHost,
    query: Type.Object({ force: Type.Optional(Type.Boolean()) }),
    handle: async ({ params, query, context, from, signal }) => {
      const force = query.force === true
      if (force) demand(context, 'administer')
      const { operation } = await retire.request(
        {
          project: projectOf(context),
          id: params.id,
          act: 'delete-host',
          note: '',
          requester: requesterOf(context, from),
          force,
        },
        signal,
      )
      return withOperations({ status: 200, body: {} }, operation === undefined ? [] : [operation])
    },
  })

  return [registerNew, registerAgain, onboard, invalidate, create, get, remove]
}

const activating = (host: Host, pending: readonly Operation[]): boolean =>
  host.currentAmt === 'provisioned' || pending.some((operation) => operation.kind === 'activate')
