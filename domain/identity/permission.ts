import type { Permission, Role } from '@outrider/protocols/rest'
import type { Caller, ProjectId } from './caller.ts'

/** What each role may do. A power operator cannot read or change AMT settings (architecture 9). */
const MAY: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  viewer: new Set(['view']),
  'power-operator': new Set(['view', 'power']),
  operator: new Set(['view', 'power', 'operate']),
  admin: new Set(['view', 'power', 'operate', 'administer']),
  agent: new Set(['agent']),
}

/** Whether `caller` may do `permission` in `project`. `public` is never asked here. */
export const may = (caller: Caller, project: ProjectId, permission: Permission): boolean => {
  for (const role of caller.projects.get(project) ?? []) if (MAY[role].has(permission)) return true
  return false
}

/** Projects in which `caller` may do `permission`. */
export const projectsWhere = (caller: Caller, permission: Permission): ProjectId[] =>
  [...caller.projects.keys()].filter((project) => may(caller, project, permission))
