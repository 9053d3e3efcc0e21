import type { Role } from '@outrider/protocols/rest'
import { parseGuid } from '@outrider/protocols/values'
import type { ProjectId } from './caller.ts'

/** How a role is written in the `realm_access.roles` of a token, after the project's UUID and `_`. */
const SUFFIX: Readonly<Record<Role, string>> = {
  viewer: 'im-r',
  'power-operator': 'power-rw',
  operator: 'im-rw',
  admin: 'admin',
  agent: 'en-agent-rw',
}

const ROLE = new Map(Object.entries(SUFFIX).map(([role, suffix]) => [suffix, role as Role]))
const UUID_LENGTH = 36

/** `<project uuid>_<suffix>`, as existing services read it (reference/emf-code.md 1.6.1, 3.1). */
export const tokenRole = (project: ProjectId, role: Role): string => `${project}_${SUFFIX[role]}`

/** Project and role of one entry of `realm_access.roles`; `undefined` where it is none of ours. */
export const parseTokenRole = (text: string): { readonly project: ProjectId; readonly role: Role } | undefined => {
  if (text[UUID_LENGTH] !== '_') return undefined
  const project = parseGuid(text.slice(0, UUID_LENGTH))
  const role = ROLE.get(text.slice(UUID_LENGTH + 1))
  return project === undefined || role === undefined ? undefined : { project, role }
}
