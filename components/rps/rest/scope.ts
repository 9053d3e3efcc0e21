import { identityFaults, oneProject, type ProjectId, type RequestContext } from '@outrider/domain/identity'
import type { Catalogue } from '@outrider/domain/ports'
import { parseGuid } from '@outrider/protocols/values'

type Headers = Readonly<Record<string, string | undefined>>

/**
 * The project a new entry belongs to. A device manager that serves many projects names none, but calls what it makes
 * after them (reference/emf-code.md 1.4, 1.4.6). Throws `PROJECT_AMBIGUOUS`, `PROJECT_NOT_FOUND`.
 */
export const projectFor = (context: RequestContext, headers: Headers, name: string): ProjectId => {
  const named = parseGuid(name.slice(0, 36))
  const isUnclear = (headers.activeprojectid ?? '') === '' && context.projects.length > 1
  if (isUnclear && named !== undefined && context.projects.includes(named)) return named
  return oneProject(context, headers)
}

/**
 * The entry of this name in the caller's projects. Throws `PROJECT_AMBIGUOUS` where several have one and the request
 * does not say which.
 */
export const findNamed = async <
  T extends { readonly project: ProjectId; readonly name: string; readonly version: number },
>(
  catalogue: Catalogue<T>,
  context: RequestContext,
  headers: Headers,
  name: string,
  signal: AbortSignal,
): Promise<T | undefined> => {
  const named = (headers.activeprojectid ?? '') !== ''
  const projects = named ? [oneProject(context, headers)] : context.projects
  const found: T[] = []
  for (const project of projects) {
    const item = await catalogue.get(project, name, signal)
    if (item !== undefined) found.push(item)
  }
  if (found.length > 1) throw identityFaults.PROJECT_AMBIGUOUS()
  return found[0]
}
