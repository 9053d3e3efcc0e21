import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ContextKey } from '@connectrpc/connect'
import { fastifyConnectPlugin } from '@connectrpc/connect-fastify'
import type { Project, RequestContext } from '@outrider/domain/identity'
import type { Clock, EventSink, IdentityProvider } from '@outrider/domain/ports'
import { OPERATION_HEADER, served } from '@outrider/protocols/rest'
import type { Milliseconds } from '@outrider/protocols/values'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type AuditLog, createAuditor } from './audit.ts'
import { limitBody } from './body-deadline.ts'
import { faultReply } from './fault-reply.ts'
import { faults } from './faults.ts'
import { admitCalls, answerFaults, type GrpcOptions, type GrpcRow, stoppingError, valuesOf } from './grpc.ts'
import { InFlight } from './in-flight.ts'
import type { Listeners } from './listeners.ts'
import { rememberProjects } from './project-names.ts'
import { createProver } from './prove.ts'
import { answerFault, type MountedRoute, mountRoutes } from './rest.ts'
import { type SocketRow, Sockets } from './sockets.ts'

/** A handler that needs the request as Node gives it, body unread. */
export interface RawRow {
  /** Everything below it, e.g. `/realms/`. */
  readonly prefix: string
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
}

export interface HostOptions {
  readonly listeners: Listeners
  readonly identity: IdentityProvider
  readonly findProject: (key: string, signal: AbortSignal) => Promise<Project | undefined>
  readonly events: EventSink
  readonly clock: Clock
  readonly routes: readonly MountedRoute[]
  readonly grpc: readonly GrpcRow[]
  readonly sockets: readonly SocketRow[]
  readonly raw: readonly RawRow[]
  /** Where gRPC handlers find who is asking. */
  readonly contextKey: ContextKey<RequestContext | undefined>
  /** Where acts are recorded that no handler records. */
  readonly audit?: AuditLog
  readonly deadlineSeconds?: number
  readonly bodyLimit?: number
  /** From the headers of a request to the end of its body. */
  readonly bodyPatience?: Milliseconds
}

/** Everything this process answers on its listeners. */
export interface Host {
  /** The rows that are served: the source of references and of tests that go over all of them. */
  readonly table: readonly MountedRoute[]
  /** No new work: streams are told to go elsewhere, short requests may finish. */
  drain(): Promise<void>
  /** Ends what is left. */
  close(): Promise<void>
}

const DEADLINE_SECONDS = 120
const BODY_LIMIT = 1 << 20
const BODY_PATIENCE_MILLISECONDS = 60_000
const LONGEST_PARAMETER = 512
/** Time for requests in flight before they are told that the service stops. */
const FINISHING_MILLISECONDS = 300
const CLOSING_MILLISECONDS = 1_000

/** Mounts the surfaces of all components on the listeners. Throws `ROUTE_WITHOUT_PERMISSION`, `ROUTE_TWICE`. */
export const createHost = async (options: HostOptions): Promise<Host> => {
  const { listeners, events, clock, contextKey } = options
  const stopping = new AbortController()
  const streams = new AbortController()
  const bodyLimit = options.bodyLimit ?? BODY_LIMIT
  const prove = createProver({
    identity: options.identity,
    findProject: rememberProjects(options.findProject, clock),
  })
  const nothingHere = (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?', 1)[0]?.slice(0, 200) ?? ''
    const fault = faults.ROUTE_NOT_FOUND({ method: request.method, path })
    return answerFault(request, reply, fault, 'ours', { events })
  }
  const app = Fastify({
    logger: false,
    bodyLimit,
    return503OnClosing: false,
    // Addresses that cannot be decoded: there is no route, nor anything we decorate requests with.
    frameworkErrors: (_error, { method }, reply) => {
      const fault = faults.ROUTE_NOT_FOUND({ method, path: 'this address' })
      const { status, contentType, body } = faultReply(fault, 'ours', { method, path: '' })
      reply.hijack()
      reply.raw.writeHead(status, { 'content-type': contentType, 'outrider-fault': fault.code })
      reply.raw.end(JSON.stringify(body))
    },
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: LONGEST_PARAMETER },
    // Types come from the declaration: nothing is coerced, and what is not declared is an error, not dropped.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: true, allErrors: true } },
  })
  tellOfRequests(app, events)
  readBodies(app)
  const auditor = createAuditor(options.audit, { clock, events })
  const rest = { prove, events, auditor, stopping: stopping.signal, bodyLimit }
  const table = served(options.routes)
  mountRoutes(app, table, { ...rest, deadlineSeconds: options.deadlineSeconds ?? DEADLINE_SECONDS })
  for (const row of options.raw) mountRaw(app, row)
  for (const row of options.grpc) mountGrpc(app, row, { prove, events, auditor, contextKey }, streams.signal, bodyLimit)
  app.setNotFoundHandler(nothingHere)
  app.setErrorHandler((error, request, reply) => answerFault(request, reply, error, 'ours', rest))
  await app.ready()

  const sockets = new Sockets(options.sockets)
  const inFlight = new InFlight()
  listeners.serve({
    request(request, response) {
      inFlight.add(response)
      limitBody(request, options.bodyPatience ?? BODY_PATIENCE_MILLISECONDS)
      app.routing(request, response)
    },
    upgrade: (request, socket, head) => sockets.upgrade(request, socket, head),
  })

  return {
    table,
    async drain() {
      sockets.drain()
      streams.abort(stoppingError())
      listeners.drain()
      await inFlight.none(FINISHING_MILLISECONDS)
      stopping.abort()
      await inFlight.none(FINISHING_MILLISECONDS)
    },
    async close() {
      streams.abort(stoppingError())
      stopping.abort()
      await sockets.close(CLOSING_MILLISECONDS)
      await listeners.close(CLOSING_MILLISECONDS)
      await app.close()
    },
  }
}

const mountGrpc = (
  app: FastifyInstance,
  row: GrpcRow,
  options: GrpcOptions,
  shutdownSignal: AbortSignal,
  readMaxBytes: number,
): void => {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    admitCalls(scope, row, options)
    await scope.register(fastifyConnectPlugin, {
      routes: row.register,
      interceptors: [answerFaults(options)],
      contextValues: (request) => valuesOf(request, options),
      shutdownSignal,
      readMaxBytes,
      // Small messages only: what compression saves is less than what it costs per connection.
      acceptCompression: [],
    })
  })
}

const mountRaw = (app: FastifyInstance, { prefix, handle }: RawRow): void => {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.all(`${prefix}*`, (request, reply) => {
      reply.hijack()
      handle(request.raw, reply.raw)
    })
  })
}

/** JSON; an empty body is no body, whatever its declared type. */
const readBodies = (app: FastifyInstance): void => {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else parse(request, body as string, done)
  })
}

const tellOfRequests = (app: FastifyInstance, events: EventSink): void => {
  app.addHook('onResponse', async (request, reply) => {
    const operation = reply.getHeader(OPERATION_HEADER)
    events.emit('http.request', {
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      milliseconds: Math.round(reply.elapsedTime),
      ...(typeof operation === 'string' && { operation }),
    })
  })
}
