import type { Caller, ProjectId } from './caller.ts'

/**
 * What a surface has proved about a request before its handler runs. A handler reaches nothing outside
 * `projects`.
 */
export interface RequestContext {
  /** Absent on public routes only. */
  readonly caller?: Caller
  /** Of a route whose path names the project: that project, in which the caller has the route's permission. */
  readonly project?: ProjectId
  /** Projects in which the caller has the route's permission; of a `path` route just that one. */
  readonly projects: readonly ProjectId[]
}
