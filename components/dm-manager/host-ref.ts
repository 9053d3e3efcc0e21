import type { ProjectId } from '@outrider/domain/identity'

/** One host of one project. */
export interface HostRef {
  readonly project: ProjectId
  readonly hostId: string
}

/** Key of maps by host. */
export const keyOf = ({ project, hostId }: HostRef): string => `${project}/${hostId}`
