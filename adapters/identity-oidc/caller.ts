import { type Caller, type ProjectId, parseTokenRole } from '@outrider/domain/identity'
import type { Role } from '@outrider/protocols/rest'
import type { JWTPayload } from 'jose'

/**
 * Who a verified token stands for. Roles come from `realm_access.roles`, the host of an agent from `host_id`.
 * `undefined` where the token names no subject.
 */
export const callerOf = (claims: JWTPayload): Caller | undefined => {
  const subject = claims.sub
  if (subject === undefined || subject === '') return undefined
  const projects = new Map<ProjectId, Set<Role>>()
  for (const { project, role } of rolesOf(claims)) {
    const roles = projects.get(project) ?? new Set()
    projects.set(project, roles.add(role))
  }
  const isAgent = [...projects.values()].some((roles) => roles.has('agent'))
  const client = textOf(claims.azp) ?? textOf(claims.client_id)
  const hostId = textOf(claims.host_id)
  return {
    subject,
    kind: isAgent ? 'agent' : client === subject ? 'client' : 'user',
    name: textOf(claims.preferred_username) ?? subject,
    projects,
    ...(hostId !== undefined && { hostId }),
  }
}

const rolesOf = (claims: JWTPayload): { project: ProjectId; role: Role }[] => {
  const access = claims.realm_access
  if (typeof access !== 'object' || access === null || !('roles' in access) || !Array.isArray(access.roles)) return []
  return access.roles.flatMap((text: unknown) => (typeof text === 'string' ? (parseTokenRole(text) ?? []) : []))
}

const textOf = (claim: unknown): string | undefined => (typeof claim === 'string' && claim !== '' ? claim : undefined)
