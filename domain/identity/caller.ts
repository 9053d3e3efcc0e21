import type { Role } from '@outrider/protocols/rest'
import type { Guid } from '@outrider/protocols/values'

/** The tenant: its UUID is the tenant id everywhere. */
export type ProjectId = Guid

export interface Project {
  readonly id: ProjectId
  /** What people type: 1 to 63 of `a-z`, `0-9` and `-`, a letter first. */
  readonly name: string
}

/** Who is asking, as proved by a verified token. */
export interface Caller {
  /** Stable id of the user or client. */
  readonly subject: string
  readonly kind: 'user' | 'client' | 'agent'
  /** What is shown in the audit. */
  readonly name: string
  /** Roles by project; a project that is missing does not exist for this caller. */
  readonly projects: ReadonlyMap<ProjectId, ReadonlySet<Role>>
  /** Of an agent: the resource id of the one host it may speak for. */
  readonly hostId?: string
}
