import type { Project } from '@outrider/domain/identity'
import type { Clock } from '@outrider/domain/ports'

type Find = (key: string, signal: AbortSignal) => Promise<Project | undefined>

const REMEMBERED_MILLISECONDS = 5_000
const MOST = 1_000

/** Remembers for a moment which project has which name: clients name it in each request. Only those that exist. */
export const rememberProjects = (find: Find, clock: Clock): Find => {
  const known = new Map<string, { readonly project: Project; readonly until: number }>()
  return async (key, signal) => {
    const hit = known.get(key)
    if (hit !== undefined && clock.monotonic() < hit.until) return hit.project
    const project = await find(key, signal)
    if (known.size >= MOST) known.clear()
    if (project === undefined) known.delete(key)
    else known.set(key, { project, until: clock.monotonic() + REMEMBERED_MILLISECONDS })
    return project
  }
}
