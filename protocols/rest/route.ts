import type { Static, TSchema } from 'typebox'

/**
 * One row of the route table: the single source of the HTTP server, the OpenAPI document, the tenant-crossing
 * tests and the list of what a deployment exposes. A component exports its rows; the app mounts them.
 */
export interface Route<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
  Context = unknown,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With `:name` parameters, e.g. `/v1/projects/:project/compute/hosts/:id`. Matched case-insensitively. */
  readonly path: string
  /**
   * Further paths that mean the same, under which a gateway passes requests on. One that has `:project` is of that
   * project alone, whatever the scope of the row.
   */
  readonly aliases?: readonly string[]
  /** One sentence for the reference. */
  readonly about: string
  /** What the caller must be allowed to do in the project; `public` needs no token at all. */
  readonly permission: Permission
  /**
   * How the project of a request is found: `path` (the `:project` parameter, by name or UUID), `caller` (the
   * projects the token is for; rows of other projects do not exist), `none` (nothing of a project is touched).
   */
  readonly scope: 'path' | 'caller' | 'none'
  /** `legacy` routes answer errors in the shape their clients know; `ours` in RFC 9457 problem details. */
  readonly origin: 'legacy-mps' | 'legacy-rps' | 'legacy-northbound' | 'ours'
  /** How the audit calls a request that changes something; by method and path where it is left out. */
  readonly audit?: {
    readonly act: string | ((request: AuditedRequest) => string)
    /** What it was done to, where that is neither a host nor a device. */
    readonly target?: (request: AuditedRequest) => string | undefined
    /** The handler records what it does; the surface then only what was refused by a fault. */
    readonly byHandler?: true
  }
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  /** Statuses of success with the schema of what is answered, for the reference. */
  readonly answers?: Readonly<Record<number, TSchema | string>>
  readonly handle: (request: RouteRequest<Params, Query, Body, Context>) => Promise<RouteReply>
}

/** A request as the audit sees it: where it was refused early, it was neither checked nor read to its end. */
export interface AuditedRequest {
  readonly params: unknown
  readonly body: unknown
}

/** Roles, least first: each may what those before it may, but `agent`, which stands beside them. */
export const roles = ['viewer', 'power-operator', 'operator', 'admin', 'agent'] as const
export type Role = (typeof roles)[number]

/** What a route asks for. `agent` is a node's own token, bound to its one host. */
export type Permission = 'public' | 'view' | 'power' | 'operate' | 'administer' | 'agent'

export interface RouteRequest<Params extends TSchema, Query extends TSchema, Body extends TSchema, Context> {
  readonly params: Static<Params>
  readonly query: Static<Query>
  readonly body: Static<Body>
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Address of the peer, for the audit. */
  readonly from: string
  readonly context: Context
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal
}

export interface RouteReply {
  readonly status: number
  /** JSON unless `contentType` says otherwise; a stream of server-sent lines is an async iterable of texts. */
  readonly body?: unknown
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Every row under each of its paths, as it is served. */
export const served = <Row extends Pick<Route, 'path' | 'aliases' | 'scope'>>(rows: readonly Row[]): Row[] =>
  rows.flatMap((row) => {
    const { aliases = [], ...bare } = row
    const scope = (path: string): Route['scope'] => (path.split('/').includes(':project') ? 'path' : row.scope)
    return [row, ...aliases.map((path) => ({ ...bare, path, scope: scope(path) }) as Row)]
  })

/** Declares a route with its types inferred from its schemas. */
export const route =
  <Context>() =>
  <Params extends TSchema, Query extends TSchema, Body extends TSchema>(
    row: Route<Params, Query, Body, Context>,
  ): Route<TSchema, TSchema, TSchema, Context> =>
    row as unknown as Route<TSchema, TSchema, TSchema, Context>
