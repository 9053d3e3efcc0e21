import type { Host } from '@outrider/domain/hosts'
import type { ProjectId, RequestContext } from '@outrider/domain/identity'
import type { HostQuery } from '@outrider/domain/ports'
import { route } from '@outrider/protocols/rest'
import { Type } from 'typebox'
import { faults } from '../faults.ts'
import { hostStatusOf } from '../northbound/host-conditions.ts'
import { type HostTest, hostFilter } from '../northbound/host-filter.ts'
import { hostJson } from '../northbound/host-json.ts'
import type { InventoryParts } from '../records/deps.ts'
import { projectOf } from './context.ts'
import { type HostViews, lastOperationsOf } from './host-view.ts'

const SCAN = 200

const ORDERS: Readonly<Record<string, NonNullable<HostQuery['orderBy']>>> = {
  name: 'name',
  serialNumber: 'serial',
  serial_number: 'serial',
  createdAt: 'createdAt',
  created_at: 'createdAt',
  'timestamps.createdAt': 'createdAt',
}

/** Reads `field`, `field asc` or `field desc`. Throws `LIST_ORDER_INVALID`. */
const readOrder = (text: string | undefined): Pick<HostQuery, 'orderBy' | 'descending'> => {
  const trimmed = text?.trim() ?? ''
  if (trimmed === '') return { orderBy: 'createdAt' }
  const match = /^(\S+?)(?:\s+(asc|desc))?$/i.exec(trimmed)
  const orderBy = match === null || !Object.hasOwn(ORDERS, match[1]!) ? undefined : ORDERS[match[1]!]
  if (orderBy === undefined) throw faults.LIST_ORDER_INVALID({ field: trimmed })
  return { orderBy, descending: match?.[2]?.toLowerCase() === 'desc' }
}

/** A whole number in its range, whether the surface left it text or not. Throws `PAGE_INVALID`. */
export const within = (value: unknown, field: string, least: number, most: number, absent: number): number => {
  if (value === undefined || value === '') return absent
  const number = Number(value)
  if (!Number.isInteger(number) || number < least || number > most) throw faults.PAGE_INVALID({ field })
  return number
}

export const listRoutes = ({ store }: Pick<InventoryParts, 'store'>, views: HostViews) => {
  /** All hosts of a project that pass `test`, a page of rows at a time. */
  async function* scan(
    project: ProjectId,
    query: Pick<HostQuery, 'orderBy' | 'descending' | 'after'>,
    test: HostTest,
    signal: AbortSignal,
  ): AsyncGenerator<Host> {
    for (let after = query.after; ; ) {
      const page = await store.transaction(
        (tables) => tables.hosts.list(project, { ...query, limit: SCAN, ...(after === undefined ? {} : { after }) }),
        signal,
      )
      for (const host of page.items) if (test(hostJson(host))) yield host
      if (page.next === undefined) return
      after = page.next
    }
  }

  const list = route<RequestContext>()({
    method: 'GET',
    path: '/v1/projects/:project/compute/hosts',
    about:
      'Lists hosts. With `after` pages are keyed and never skip or repeat a row; `offset` is for existing clients.',
    permission: 'view',
    scope: 'path',
    origin: 'legacy-northbound',
    params: Type.Object({ project: Type.String() }),
    query: Type.Object({
      orderBy: Type.Optional(Type.String({ maxLength: 1000 })),
      filter: Type.Optional(Type.String({ maxLength: 1000 })),
      pageSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
      after: Type.Optional(Type.String({ maxLength: 1000 })),
    }),
    handle: async ({ query, context, signal }) => {
      const project = projectOf(context)
      const order = readOrder(query.orderBy)
      const size = within(query.pageSize, 'pageSize', 1, 100, 20)
      const offset = within(query.offset, 'offset', 0, 10_000, 0)
      const filtered = query.filter !== undefined && query.filter.trim() !== ''

      if (!filtered && offset === 0) {
        const { page, total, lasts } = await store.transaction(async (tables) => {
          const page = await tables.hosts.list(project, {
            ...order,
            limit: size,
            ...(query.after === undefined ? {} : { after: query.after }),
          })
          const lasts = []
          for (const host of page.items) lasts.push(await lastOperationsOf(tables, host))
          return { page, lasts, total: await tables.hosts.count(project) }
        }, signal)
        const hosts = []
        for (const [index, host] of page.items.entries()) hosts.push(await views.view(host, lasts[index]!))
        return {
          status: 200,
          body: {
            hosts,
            totalElements: total,
            hasNext: page.next !== undefined,
            ...(page.next === undefined ? {} : { outrider: { next: page.next } }),
          },
        }
      }

      const test = filtered ? hostFilter(query.filter!) : () => true
      const rows: Host[] = []
      let total = 0
      for await (const host of scan(project, order, test, signal)) {
        if (total >= offset && rows.length < size) rows.push(host)
        total++
      }
      const hosts = []
      for (const host of rows) hosts.push(await views.of(host, signal))
      return { status: 200, body: { hosts, totalElements: total, hasNext: total > offset + rows.length } }
    },
  })

  const summary = route<RequestContext>()({
    method: 'GET',
    path: '/v1/projects/:project/compute/hosts/summary',
    about: 'Counts hosts: all, those with an error, those activated, those without a site.',
    permission: 'view',
    scope: 'path',
    origin: 'legacy-northbound',
    params: Type.Object({ project: Type.String() }),
    query: Type.Object({ filter: Type.Optional(Type.String({ maxLength: 1000 })) }),
    handle: async ({ query, context, signal }) => {
      const test = hostFilter(query.filter ?? '')
      const counts = { total: 0, error: 0, running: 0, unallocated: 0 }
      for await (const host of scan(projectOf(context), { orderBy: 'createdAt' }, test, signal)) {
        counts.total++
        // There are no sites in this deployment.
        counts.unallocated++
        const lines = [hostStatusOf(host), host.amtStatus, host.powerStatus]
        if (lines.some((line) => line.indicator === 'error')) counts.error++
        else if (host.currentAmt === 'provisioned') counts.running++
      }
      return { status: 200, body: counts }
    },
  })

  // The fixed path first: a surface that matches in order must not take `summary` for an id.
  return [summary, list]
}
