import type { Caller, RequestContext } from '@outrider/domain/identity'
import type { Role, Route, RouteReply } from '@outrider/protocols/rest'
import { type Guid, guid } from '@outrider/protocols/values'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'

type AnyRoute = Route<TSchema, TSchema, TSchema, RequestContext>

export const callerOf = (project: Guid, role: Role, hostId?: string): Caller => ({
  subject: `test-${role}`,
  kind: role === 'agent' ? 'agent' : 'user',
  name: `test-${role}`,
  projects: new Map([[project, new Set([role])]]),
  ...(hostId === undefined ? {} : { hostId }),
})

/** Calls the handler of a component's route as the server would, with one project. Throws what it throws. */
export const callRoute = async (
  routes: readonly unknown[],
  method: AnyRoute['method'],
  path: string,
  options: {
    readonly project?: Guid
    readonly role?: Role
    readonly body?: unknown
    readonly query?: Readonly<Record<string, unknown>>
    readonly headers?: Readonly<Record<string, string>>
  } = {},
): Promise<RouteReply> => {
  const project = options.project ?? guid('11111111-1111-4111-8111-111111111111')
  for (const row of routes as readonly AnyRoute[]) {
    if (row.method !== method) continue
    const params = matchPath(row.path, path)
    if (params === undefined) continue
    if (row.body !== undefined && !Value.Check(row.body, options.body))
      throw new TypeError(`the body does not fit the schema of ${method} ${row.path}`)
    return row.handle({
      params,
      query: options.query ?? {},
      body: options.body,
      headers: options.headers ?? {},
      from: '127.0.0.1',
      context: {
        caller: callerOf(project, options.role ?? 'admin'),
        projects: [project],
        ...(row.scope === 'path' ? { project } : {}),
      },
      signal: AbortSignal.timeout(20_000),
    } as unknown as Parameters<AnyRoute['handle']>[0])
  }
  throw new TypeError(`no route ${method} ${path}`)
}

const matchPath = (pattern: string, path: string): Record<string, string> | undefined => {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(given[index]!)
    else if (part.toLowerCase() !== given[index]!.toLowerCase()) return undefined
  }
  return params
}
