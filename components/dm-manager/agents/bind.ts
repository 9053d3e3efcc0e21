import type { ContextValues } from '@connectrpc/connect'
import type { Host } from '@outrider/domain/hosts'
import { type ProjectId, projectsWhere } from '@outrider/domain/identity'
import type { Inventory } from '@outrider/domain/ports'
import { parseGuid } from '@outrider/protocols/values'
import { dmManagerFaults } from '../faults.ts'
import type { HostRef } from '../host-ref.ts'
import { requestContextKey } from '../request-context-key.ts'

export interface Bound {
  readonly ref: HostRef
  readonly host: Host
}

/**
 * The host an agent speaks for: the one its token is bound to, and no other. `uuid` is what the call says.
 * Throws `AGENT_UNPROVED`, `AGENT_NOT_BOUND`, `AGENT_HOST_GONE`, `AGENT_OF_ANOTHER_HOST`, `HOST_ID_EMPTY`, `HOST_UUID_UNKNOWN`.
 */
export const bind = async (
  values: ContextValues,
  uuid: string,
  inventory: Inventory,
  signal: AbortSignal,
): Promise<Bound> => {
  const context = values.get(requestContextKey)
  const caller = context?.caller
  if (context === undefined || caller === undefined) throw dmManagerFaults.AGENT_UNPROVED()
  const { hostId } = caller
  const allowed = projectsWhere(caller, 'agent')
  const project: ProjectId | undefined = context.project ?? (allowed.length === 1 ? allowed[0] : undefined)
  if (hostId === undefined || project === undefined || !allowed.includes(project))
    throw dmManagerFaults.AGENT_NOT_BOUND()
  if (uuid === '') throw dmManagerFaults.HOST_ID_EMPTY()
  const shown = uuid.slice(0, 64)
  const given = parseGuid(uuid)
  const host = await inventory.host(project, { id: hostId }, signal)
  if (host === undefined || given === undefined) throw dmManagerFaults.HOST_UUID_UNKNOWN({ uuid: shown })
  // Its credentials have ended; a token it got before is good for a while longer.
  if (host.state === 'untrusted' || host.state === 'deleted') throw dmManagerFaults.AGENT_HOST_GONE()
  // A host registered by its serial number alone has no UUID yet; its agent says it.
  if (host.uuid !== undefined && host.uuid !== given) {
    const other = await inventory.host(project, { uuid: given }, signal)
    throw other === undefined
      ? dmManagerFaults.HOST_UUID_UNKNOWN({ uuid: shown })
      : dmManagerFaults.AGENT_OF_ANOTHER_HOST()
  }
  return { ref: { project, hostId: host.id }, host }
}
