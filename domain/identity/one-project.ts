import { parseGuid } from '@outrider/protocols/values'
import type { ProjectId } from './caller.ts'
import { identityFaults } from './faults.ts'
import type { RequestContext } from './request-context.ts'

/**
 * The one project a write on a route without a project in its path is for: the caller's only one, or the one
 * the `ActiveProjectID` header names of those the caller has. Throws `PROJECT_AMBIGUOUS`, `PROJECT_NOT_FOUND`.
 */
export const oneProject = (
  context: RequestContext,
  headers: Readonly<Record<string, string | undefined>>,
): ProjectId => {
  const named = headers.activeprojectid
  if (named !== undefined && named !== '') {
    const project = parseGuid(named)
    if (project === undefined || !context.projects.includes(project))
      throw identityFaults.PROJECT_NOT_FOUND({ project: named.slice(0, 64) })
    return project
  }
  const [first, ...others] = context.projects
  if (first === undefined || others.length > 0) throw identityFaults.PROJECT_AMBIGUOUS()
  return first
}
