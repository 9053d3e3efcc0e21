import type { RequestContext } from '@outrider/domain/identity'
import { isPowerKind, type OperationLife } from '@outrider/domain/operations'
import type { Inventory } from '@outrider/domain/ports'
import { type AuditedRequest, route } from '@outrider/protocols/rest'
import { seconds } from '@outrider/protocols/values'
import { Type } from 'typebox'
import { faults } from '../faults.ts'
import type { InventoryParts } from '../records/deps.ts'
import type { OperationWatch } from '../records/operation-watch.ts'
import { demand, projectOf, requesterOf } from './context.ts'
import { within } from './host-list.ts'
import { operationJson } from './operation-json.ts'

const base = '/v1/projects/:project/compute/operations'
const LIVES = ['queued', 'running', 'succeeded', 'failed', 'refused', 'cancelled'] as const
const MAX_WAIT_SECONDS = 60

const readLives = (text: string | undefined): readonly OperationLife[] | undefined => {
  if (text === undefined || text.trim() === '') return undefined
  return text.split(',').map((word) => {
    const life = LIVES.find((known) => known === word.trim())
    if (life === undefined)
      throw faults.HOST_FIELD_INVALID({ field: 'life', why: `it is one or more of ${LIVES.join(', ')}` })
    return life
  })
}

const operationOf = ({ params }: AuditedRequest): string | undefined => (params as { readonly id?: string }).id

export const operationRoutes = (parts: InventoryParts, inventory: Inventory, watch: OperationWatch) => {
  const settings = { scope: 'path', origin: 'ours' } as const
  const oneOperation = Type.Object({ project: Type.String(), id: Type.String() })

  const list = route<RequestContext>()({
    ...settings,
    method: 'GET',
    path: base,
    about: 'Lists operations, newest first.',
    permission: 'view',
    params: Type.Object({ project: Type.String() }),
    query: Type.Object({
      host: Type.Optional(Type.String({ maxLength: 64, description: 'Resource id of the host.' })),
      life: Type.Optional(Type.String({ maxLength: 100, description: 'One or more lives, comma separated.' })),
      pageSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      after: Type.Optional(Type.String({ maxLength: 1000 })),
    }),
    handle: async ({ query, context, signal }) => {
      const lives = readLives(query.life)
      const page = await inventory.operations(
        projectOf(context),
        {
          ...(query.host === undefined ? {} : { hostId: query.host }),
          ...(lives === undefined ? {} : { lives }),
          ...(query.after === undefined ? {} : { after: query.after }),
          limit: within(query.pageSize, 'pageSize', 1, 100, 50),
        },
        signal,
      )
      return {
        status: 200,
        body: {
          operations: page.items.map(operationJson),
          ...(page.next === undefined ? {} : { next: page.next }),
        },
      }
    },
  })

  const get = route<RequestContext>()({
    ...settings,
    method: 'GET',
    path: `${base}/:id`,
    about:
      'One operation. With `wait` (seconds, at most 60) and `revision` it answers once the revision is another, ' +
      'the operation has ended, or the time is over.',
    permission: 'view',
    params: oneOperation,
    query: Type.Object({
      wait: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_WAIT_SECONDS })),
      revision: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
    handle: async ({ params, query, context, signal }) => {
      const project = projectOf(context)
      const wait = within(query.wait, 'wait', 0, MAX_WAIT_SECONDS, 0)
      const revision =
        query.revision === undefined ? undefined : within(query.revision, 'revision', 0, Number.MAX_SAFE_INTEGER, 0)
      const operation = await watch.changed(
        params.id,
        revision,
        seconds(wait),
        () => inventory.operation(project, params.id, signal),
        signal,
      )
      if (operation === undefined) throw faults.OPERATION_NOT_FOUND({ operation: params.id })
      return { status: 200, body: operationJson(operation) }
    },
  })

  const cancel = route<RequestContext>()({
    ...settings,
    method: 'POST',
    path: `${base}/:id/cancel`,
    audit: { act: 'cancel-operation', byHandler: true, target: operationOf },
    about: 'Cancels an operation that has not begun.',
    permission: 'power',
    params: oneOperation,
    handle: async ({ params, context, from, signal }) => {
      const project = projectOf(context)
      const operation = await inventory.operation(project, params.id, signal)
      if (operation === undefined) throw faults.OPERATION_NOT_FOUND({ operation: params.id })
      if (!isPowerKind(operation.kind)) demand(context, 'operate')
      const { clock } = parts
      const cancelled =
        operation.life === 'queued'
          ? // Whoever begins it first raises the epoch: then this write is stale.
            await inventory.advanceOperation(
              project,
              operation.id,
              operation.epoch,
              { life: 'cancelled' },
              undefined,
              signal,
            )
          : 'ended'
      if (typeof cancelled === 'string') {
        const now = (await inventory.operation(project, params.id, signal))?.life ?? operation.life
        throw faults.OPERATION_NOT_CANCELLABLE({ operation: params.id, life: now })
      }
      await inventory.record(
        {
          at: clock.now(),
          project,
          ...requesterOf(context, from),
          act: 'cancel-operation',
          hostId: operation.hostId,
          operationId: operation.id,
          outcome: 'succeeded',
        },
        signal,
      )
      return { status: 200, body: operationJson(cancelled) }
    },
  })

  return [list, get, cancel]
}
