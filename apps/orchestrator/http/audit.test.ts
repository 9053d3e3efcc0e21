import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createContextKey } from '@connectrpc/connect'
import type { Caller, RequestContext } from '@outrider/domain/identity'
import type { AuditEntry } from '@outrider/domain/ports'
import { route } from '@outrider/protocols/rest'
import { faultTable, guid } from '@outrider/protocols/values'
import { Type } from 'typebox'
import { systemClock } from '../system/index.ts'
import { ask } from '../test/client.ts'
import { recordedEvents } from '../test/recorded-events.ts'
import { createHost, type MountedRoute, openListeners } from './index.ts'

const mine = guid('7d1a0f0a-3c0e-4a0e-8a4e-0d3b8a1c2b3d')
const second = guid('7d1a0f0a-3c0e-4a0e-8a4e-0d3b8a1c2b3e')
const theirs = guid('00000000-0000-4000-8000-000000000001')
const device = '11111111-2222-4333-8444-555555555555'
const faults = faultTable({
  TOY_TAKEN: { kind: 'conflict', message: 'The toy is taken.', remedy: 'Take another.' },
  TOY_SHOP_AWAY: { kind: 'unavailable', message: 'Nobody is there.', remedy: 'Wait.' },
  TOKEN_BAD: { kind: 'auth', message: 'refused', remedy: 'log in' },
})
const caller = (name: string, roles: Caller['projects']): Caller => ({
  subject: `id of ${name}`,
  kind: 'user',
  name,
  projects: roles,
})
const callers: Record<string, Caller> = {
  op: caller('op', new Map([[mine, new Set(['operator' as const])]])),
  view: caller('view', new Map([[mine, new Set(['viewer' as const])]])),
  both: caller(
    'both',
    new Map([
      [mine, new Set(['operator' as const])],
      [second, new Set(['operator' as const])],
    ]),
  ),
}
const row = route<RequestContext>()
const common = { about: 'A toy.', permission: 'operate', origin: 'ours' } as const
const body = Type.Object({ name: Type.String({ maxLength: 5 }) })
const rows: MountedRoute[] = [
  row({
    ...common,
    method: 'POST',
    path: '/api/toys',
    aliases: ['/v1/projects/:project/toys'],
    scope: 'caller',
    audit: { act: 'make-toy', target: ({ body }) => (body as { name?: string } | undefined)?.name },
    body,
    handle: async ({ body, context }) => {
      if (body.name === 'taken') throw faults.TOY_TAKEN()
      if (body.name === 'away') throw faults.TOY_SHOP_AWAY()
      return { status: 201, body: { projects: context.projects } }
    },
  }),
  row({
    ...common,
    method: 'PATCH',
    path: '/v1/projects/:project/hosts/:id',
    scope: 'path',
    audit: { act: 'set-host', byHandler: true },
    params: Type.Object({ project: Type.String(), id: Type.String() }),
    handle: async ({ params }) => {
      if (params.id === 'host-00000002') throw faults.TOY_TAKEN()
      return { status: 200, body: {} }
    },
  }),
  row({
    ...common,
    method: 'DELETE',
    path: '/api/devices/:guid',
    scope: 'caller',
    params: Type.Object({ guid: Type.String() }),
    handle: async () => {
      throw faults.TOY_TAKEN()
    },
  }),
  row({
    ...common,
    method: 'GET',
    path: '/api/toys/:name',
    scope: 'caller',
    params: Type.Object({ name: Type.String() }),
    handle: async () => {
      throw faults.TOY_TAKEN()
    },
  }),
]

const serve = async (audit: (entry: AuditEntry) => Promise<void>) => {
  const listeners = await openListeners([{ scheme: 'http', host: '127.0.0.1', port: 0 }], () => {
    throw new Error('no TLS here')
  })
  const events = recordedEvents()
  const host = await createHost({
    listeners,
    identity: {
      async verify(token) {
        const found = callers[token]
        if (found === undefined) throw faults.TOKEN_BAD()
        return found
      },
    },
    findProject: async (name) => (name === 'mine' ? { id: mine, name } : { id: theirs, name }),
    events,
    clock: systemClock,
    routes: rows,
    grpc: [],
    sockets: [],
    raw: [],
    contextKey: createContextKey<RequestContext | undefined>(undefined),
    audit,
  })
  const origin = `http://127.0.0.1:${listeners.addresses[0]!.port}`
  return {
    host,
    events,
    as: (who: string, method: string, path: string, sent?: unknown, headers: Record<string, string> = {}) =>
      ask(origin, method, path, { headers: { authorization: `Bearer ${who}`, ...headers }, body: sent }),
    [Symbol.asyncDispose]: () => host.close(),
  }
}

test('acts that leave it to the surface are recorded with their outcome; those that do it themselves when refused', async () => {
  const entries: AuditEntry[] = []
  await using served = await serve(async (entry) => void entries.push(entry))
  const { as } = served
  const expect = async (
    [who, method, path, sent]: [string, string, string, unknown?],
    status: number,
    wanted: readonly Partial<AuditEntry & { code: string }>[],
  ): Promise<void> => {
    entries.length = 0
    assert.equal((await as(who, method, path, sent)).status, status, `${method} ${path}`)
    const seen = entries.map(({ at: _, fault, from, ...entry }) => {
      assert.equal(from, '127.0.0.1')
      return { ...entry, ...(fault === undefined ? {} : { code: fault.code }) }
    })
    assert.deepEqual(
      seen,
      wanted.map((each) => ({ project: mine, subject: `id of ${who}`, name: who, ...each })),
      `${method} ${path}`,
    )
  }
  await expect(['op', 'POST', '/api/toys', { name: 'bear' }], 201, [
    { act: 'make-toy', target: 'bear', outcome: 'succeeded' },
  ])
  await expect(['op', 'POST', '/v1/projects/mine/toys', { name: 'bear' }], 201, [
    { act: 'make-toy', target: 'bear', outcome: 'succeeded' },
  ])
  await expect(['op', 'POST', '/api/toys', { name: 'taken' }], 409, [
    { act: 'make-toy', target: 'taken', outcome: 'refused', code: 'TOY_TAKEN' },
  ])
  await expect(['op', 'POST', '/api/toys', { name: 'away' }], 503, [
    { act: 'make-toy', target: 'away', outcome: 'failed', code: 'TOY_SHOP_AWAY' },
  ])
  await expect(['op', 'POST', '/api/toys', { name: 7 }], 400, [
    { act: 'make-toy', outcome: 'refused', code: 'REQUEST_INVALID' },
  ])
  await expect(['view', 'POST', '/api/toys', { name: 'bear' }], 403, [
    { act: 'make-toy', outcome: 'refused', code: 'PERMISSION_DENIED' },
  ])
  await expect(['view', 'PATCH', '/v1/projects/mine/hosts/host-00000001', {}], 403, [
    { act: 'set-host', hostId: 'host-00000001', outcome: 'refused', code: 'PERMISSION_DENIED' },
  ])
  await expect(['op', 'PATCH', '/v1/projects/mine/hosts/host-00000001', {}], 200, [])
  await expect(['op', 'PATCH', '/v1/projects/mine/hosts/host-00000002', {}], 409, [
    { act: 'set-host', hostId: 'host-00000002', outcome: 'refused', code: 'TOY_TAKEN' },
  ])
  // Into the project of somebody else: on the record of one's own.
  await expect(['op', 'PATCH', '/v1/projects/others/hosts/host-00000001', {}], 404, [
    { act: 'set-host', hostId: 'host-00000001', outcome: 'refused', code: 'PROJECT_NOT_FOUND' },
  ])
  await expect(['op', 'DELETE', `/api/devices/${device}`], 409, [
    { act: 'DELETE /api/devices/:guid', guid: guid(device), outcome: 'refused', code: 'TOY_TAKEN' },
  ])
  await expect(['op', 'GET', '/api/toys/bear'], 409, [])
  await expect(['nobody', 'POST', '/api/toys', { name: 'bear' }], 401, [])
})

test('what is of several projects is on the audit of the one that is named, else of all', async () => {
  const entries: AuditEntry[] = []
  await using served = await serve(async (entry) => void entries.push(entry))
  await served.as('both', 'POST', '/api/toys', { name: 'taken' })
  assert.deepEqual(
    entries.map(({ project }) => project),
    [mine, second],
  )
  entries.length = 0
  await served.as('both', 'POST', '/api/toys', { name: 'taken' }, { activeprojectid: second })
  assert.deepEqual(
    entries.map(({ project }) => project),
    [second],
  )
})

test('an alias that names a project is of that project alone, and is in the table', async () => {
  await using served = await serve(async () => undefined)
  const { json } = await served.as('both', 'POST', '/v1/projects/mine/toys', { name: 'bear' })
  assert.deepEqual(json.projects, [mine])
  assert.equal((await served.as('op', 'POST', '/v1/projects/others/toys', { name: 'bear' })).status, 404)
  assert.ok(served.host.table.some(({ path, scope }) => path === '/v1/projects/:project/toys' && scope === 'path'))
})

test('an audit that is away changes no answer, and is told of', async () => {
  await using served = await serve(async () => {
    throw new Error('no disk')
  })
  assert.equal((await served.as('op', 'POST', '/api/toys', { name: 'bear' })).status, 201)
  assert.equal((await served.as('op', 'POST', '/api/toys', { name: 'taken' })).status, 409)
  assert.equal(served.events.of('service.error').length, 2)
})
