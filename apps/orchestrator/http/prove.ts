import {
  type Caller,
  identityFaults,
  may,
  type Project,
  type ProjectId,
  projectsWhere,
  type RequestContext,
} from '@outrider/domain/identity'
import type { IdentityProvider } from '@outrider/domain/ports'
import type { Permission, Route } from '@outrider/protocols/rest'
import { parseGuid } from '@outrider/protocols/values'
import { faults } from './faults.ts'

/** What a surface asks of a caller: a row of the route table, or what a gRPC service declares. */
export interface Demand {
  readonly permission: Permission
  readonly scope: Route['scope']
}

/** What is known of a request before anybody looked at who sent it. */
export interface Claim {
  readonly authorization: string | undefined
  /** The `:project` of the path: a name or a UUID. */
  readonly project?: string | undefined
  /** Told who it is as soon as that is proved, also where they are then refused. */
  readonly known?: (caller: Caller, project: ProjectId | undefined) => void
}

export interface ProverOptions {
  readonly identity: IdentityProvider
  /** By name or UUID. */
  readonly findProject: (key: string, signal: AbortSignal) => Promise<Project | undefined>
}

/**
 * Proves who is asking and in which projects they may do what is demanded. Throws `TOKEN_MISSING`, what
 * `IdentityProvider.verify` throws, `PROJECT_NOT_FOUND` (for a project in which the caller has no role at all)
 * and `PERMISSION_DENIED`.
 */
export type Prove = (demand: Demand, claim: Claim, signal: AbortSignal) => Promise<RequestContext>

const NOBODY: RequestContext = { projects: [] }

export const createProver =
  ({ identity, findProject }: ProverOptions): Prove =>
  async ({ permission, scope }, claim, signal) => {
    if (permission === 'public') return NOBODY
    const caller = await identity.verify(tokenOf(claim.authorization), signal)
    claim.known?.(caller, undefined)
    if (scope === 'path') {
      const project = await projectOf(caller, claim.project ?? '', findProject, signal)
      claim.known?.(caller, project)
      if (!may(caller, project, permission)) throw faults.PERMISSION_DENIED({ permission })
      return { caller, project, projects: [project] }
    }
    const projects = projectsWhere(caller, permission)
    if (projects.length === 0) throw faults.PERMISSION_DENIED({ permission })
    return { caller, projects }
  }

const tokenOf = (authorization: string | undefined): string => {
  // RFC 9110 section 11.1: the scheme is compared without regard to case.
  const [, token] = /^bearer +([^\s]+) *$/i.exec(authorization ?? '') ?? []
  if (token === undefined) throw faults.TOKEN_MISSING()
  return token
}

const projectOf = async (
  caller: Caller,
  key: string,
  findProject: ProverOptions['findProject'],
  signal: AbortSignal,
): Promise<ProjectId> => {
  const id = parseGuid(key) ?? (await findProject(key, signal))?.id
  // A project of somebody else and one that does not exist look the same.
  if (id === undefined || !caller.projects.has(id))
    throw identityFaults.PROJECT_NOT_FOUND({ project: key.slice(0, 64) })
  return id
}
