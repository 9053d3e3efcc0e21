import { Readable } from 'node:stream'
import type { Caller, ProjectId, RequestContext } from '@outrider/domain/identity'
import type { EventSink } from '@outrider/domain/ports'
import type { Permission, Route, RouteReply } from '@outrider/protocols/rest'
import { Fault } from '@outrider/protocols/values'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { IsOptional, type TSchema } from 'typebox'
import { type Attempt, type Auditor, actOf } from './audit.ts'
import { byDeclaration } from './declared-types.ts'
import { faultReply } from './fault-reply.ts'
import { faults } from './faults.ts'
import { addressOf, textHeaders } from './peer.ts'
import type { Prove } from './prove.ts'
import { type RequestLife, RequestLives } from './request-life.ts'
import { type Part, type Violation, violationsOf } from './violations.ts'

/** A row of the route table as this process mounts it. */
export type MountedRoute = Route<TSchema, TSchema, TSchema, RequestContext>

export interface RestOptions {
  readonly prove: Prove
  readonly events: EventSink
  readonly auditor: Auditor
  /** Aborts when requests in flight are to end. */
  readonly stopping: AbortSignal
  readonly deadlineSeconds: number
  readonly bodyLimit: number
}

const PERMISSIONS: ReadonlySet<Permission> = new Set(['public', 'view', 'power', 'operate', 'administer', 'agent'])
const SCOPES: ReadonlySet<Route['scope']> = new Set(['path', 'caller', 'none'])
/** Of bodies that are read before anybody knows who sends them. */
const PUBLIC_BODY_LIMIT = 16 << 10
const CONTEXT = 'outriderContext'
const LIFE = 'outriderLife'
const KNOWN = 'outriderCaller'

/** Who is asking, as far as that was proved when the request ended. */
interface Known {
  readonly caller: Caller
  readonly project: ProjectId | undefined
}

/** Mounts the rows. Throws `ROUTE_WITHOUT_PERMISSION` and `ROUTE_TWICE`: a hole in the table is not served. */
export const mountRoutes = (app: FastifyInstance, rows: readonly MountedRoute[], options: RestOptions): void => {
  app.decorateRequest(CONTEXT, undefined)
  app.decorateRequest(LIFE, undefined)
  app.decorateRequest(KNOWN, undefined)
  const lives = new RequestLives(options.deadlineSeconds * 1000, options.stopping)
  const seen = new Set<string>()
  for (const row of rows) {
    const { method, path } = row
    const names = path.split('/').includes(':project')
    if (!PERMISSIONS.has(row.permission) || !SCOPES.has(row.scope) || (row.scope === 'path') !== names)
      throw faults.ROUTE_WITHOUT_PERMISSION({ method, path })
    const key = `${method} ${path.toLowerCase().replace(/:[^/]+/g, ':')}`
    if (seen.has(key)) throw faults.ROUTE_TWICE({ method, path })
    seen.add(key)
    mount(app, row, options, lives)
  }
}

const mount = (app: FastifyInstance, row: MountedRoute, options: RestOptions, lives: RequestLives): void => {
  app.route({
    method: row.method,
    url: row.path,
    ...(row.permission === 'public' && { bodyLimit: Math.min(PUBLIC_BODY_LIMIT, options.bodyLimit) }),
    schema: {
      ...(row.params !== undefined && { params: row.params }),
      ...(row.query !== undefined && { querystring: row.query }),
      ...(row.body !== undefined && { body: IsOptional(row.body) ? orAbsent(row.body) : row.body }),
    },
    // Who is asking is settled before a byte of the body is read.
    async onRequest(request, reply) {
      const life = lives.begin(reply.raw)
      request.setDecorator(LIFE, life)
      const { project } = request.params as { readonly project?: string }
      const claim = {
        authorization: request.headers.authorization,
        project,
        known: (caller: Caller, of: ProjectId | undefined) => request.setDecorator(KNOWN, { caller, project: of }),
      }
      request.setDecorator(CONTEXT, await life.run(options.prove(row, claim, life.signal)))
    },
    async preValidation(request) {
      if (row.params !== undefined) request.params = byDeclaration(request.params as Texts, row.params)
      if (row.query !== undefined) request.query = byDeclaration(request.query as Texts, row.query)
    },
    async handler(request, reply) {
      const life = request.getDecorator<RequestLife>(LIFE)
      const answer = await life.run(
        row.handle({
          params: request.params as never,
          query: request.query as never,
          body: (request.body ?? undefined) as never,
          headers: textHeaders(request.headers),
          from: addressOf(request.raw.socket),
          context: request.getDecorator<RequestContext>(CONTEXT),
          signal: life.signal,
        }),
      )
      const attempt = attemptOf(row, request)
      if (attempt !== undefined && row.audit !== undefined && row.audit.byHandler !== true)
        await options.auditor.record(attempt, undefined)
      return send(reply, answer)
    },
    async errorHandler(error, request, reply) {
      const life = request.getDecorator<RequestLife | undefined>(LIFE)
      const attempt = attemptOf(row, request)
      if (attempt !== undefined) await options.auditor.record(attempt, readFault(life?.fault ?? error, request).fault)
      // Whatever a handler threw because it was told to end, the client is told why it was.
      return answerFault(request, reply, life?.fault ?? error, row.origin, options)
    },
  })
}

const attemptOf = (row: MountedRoute, request: FastifyRequest): Attempt | undefined => {
  const known = request.getDecorator<Known | undefined>(KNOWN)
  const act = actOf(row, request.params as Readonly<Record<string, unknown>>, request.body)
  if (known === undefined || act === undefined) return undefined
  const { activeprojectid: named } = textHeaders(request.headers)
  const { caller, project } = known
  return { ...act, caller, named, from: addressOf(request.raw.socket), ...(project === undefined ? {} : { project }) }
}

/** Fastify knows an absent body as null. */
const orAbsent = (body: TSchema): object =>
  'type' in body && typeof body.type === 'string'
    ? { ...body, type: [body.type, 'null'] }
    : { anyOf: [body, { type: 'null' }] }

type Texts = Readonly<Record<string, unknown>>

const send = (reply: FastifyReply, { status, body, contentType, headers }: RouteReply) => {
  reply.code(status)
  if (headers !== undefined) reply.headers(headers)
  if (body === undefined) return reply.send()
  if (isTextStream(body)) return reply.type(contentType ?? 'text/event-stream').send(Readable.from(body))
  if (contentType !== undefined && (typeof body === 'string' || body instanceof Uint8Array))
    return reply.type(contentType).send(body)
  return reply.type(contentType ?? 'application/json; charset=utf-8').send(JSON.stringify(body))
}

const isTextStream = (body: unknown): body is AsyncIterable<string> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body

/** Answers what was thrown, in the shape of this kind of route, and tells of it. */
export const answerFault = (
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  origin: Route['origin'],
  { events }: Pick<RestOptions, 'events'>,
) => {
  const { fault, violations } = readFault(error, request)
  const route = request.routeOptions.url ?? 'none'
  const { status, contentType, body } = faultReply(fault, origin, { method: request.method, path: route, violations })
  if (fault.kind === 'bug') {
    const { cause = fault } = fault
    events.emit('http.failed', { method: request.method, route, cause: String((cause as Error).stack ?? cause) })
  } else {
    const subject = request.getDecorator<RequestContext | undefined>(CONTEXT)?.caller?.subject
    events.emit('http.refused', {
      method: request.method,
      route,
      status,
      code: fault.code,
      ...(subject !== undefined && { subject }),
    })
  }
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="outrider"')
  return reply.code(status).header('outrider-fault', fault.code).type(contentType).send(JSON.stringify(body))
}

/** What was thrown as a fault, field by field where it is a request that does not fit its schema. */
const readFault = (
  error: unknown,
  { routeOptions }: FastifyRequest,
): { fault: Fault; violations: readonly Violation[] } => {
  const violations = validationOf(error)
  return { fault: violations.length > 0 ? invalid(violations) : faultOf(error, routeOptions.bodyLimit), violations }
}

const PARTS: Readonly<Record<string, Part>> = { params: 'path', querystring: 'query', body: 'body' }

const validationOf = (error: unknown): readonly Violation[] => {
  if (!(error instanceof Error) || !('validation' in error) || !Array.isArray(error.validation)) return []
  const context = 'validationContext' in error ? String(error.validationContext) : ''
  return violationsOf(error.validation, PARTS[context] ?? 'body')
}

const invalid = ([first, ...others]: readonly Violation[]): Fault => {
  const { field = '', where = 'body', why = '' } = first ?? {}
  return faults.REQUEST_INVALID({ field: field === '' ? where : field, where, why, others: others.length })
}

/** Errors of the HTTP library by their codes; everything else is a fault already or a bug. */
const faultOf = (error: unknown, limit: number): Fault => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return faults.BODY_TOO_LARGE({ limit })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return faults.CONTENT_TYPE_UNSUPPORTED()
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return faults.BODY_MALFORMED({}, error)
    default:
      // JSON that does not parse, or that carries a key which would poison a prototype.
      return error instanceof SyntaxError && 'statusCode' in error && error.statusCode === 400
        ? faults.BODY_MALFORMED({}, error)
        : Fault.from(error)
  }
}
