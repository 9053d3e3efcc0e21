import type { Operation } from '@outrider/domain/operations'
import { isoTime } from '../northbound/host-json.ts'

/** An operation as clients read it: what it is, how far, how it ended. What drives it stays inside. */
export const operationJson = (operation: Operation) => ({
  id: operation.id,
  hostId: operation.hostId,
  kind: operation.kind,
  life: operation.life,
  ...(operation.controlMode === undefined ? {} : { controlMode: operation.controlMode }),
  ...(operation.powerPolicy === undefined ? {} : { powerPolicy: operation.powerPolicy }),
  requester: { subject: operation.requester.subject, name: operation.requester.name },
  attempt: operation.attempt,
  steps: operation.steps.map(({ at, step, message }) => ({ at: isoTime(at), step, message })),
  ...(operation.fault === undefined ? {} : { fault: operation.fault }),
  createdAt: isoTime(operation.createdAt),
  deadline: isoTime(operation.deadline),
  ...(operation.endedAt === undefined ? {} : { endedAt: isoTime(operation.endedAt) }),
  revision: operation.revision,
})
