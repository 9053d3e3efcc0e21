import type { Host } from '@outrider/domain/hosts'
import type { Operation, OperationStep } from '@outrider/domain/operations'
import { terminal } from '@outrider/domain/operations'
import type { InventoryParts } from './deps.ts'

/** What is told after a commit: never before, or a listener reads the row as it was. */
export const notifier = ({ bus, events }: Pick<InventoryParts, 'bus' | 'events'>) => {
  const hostChanged = (host: Pick<Host, 'project' | 'id' | 'policy'>): void =>
    bus.publish('host.changed', { project: host.project, hostId: host.id, policy: host.policy })

  const published = (operation: Operation): void =>
    bus.publish('operation.changed', {
      project: operation.project,
      operationId: operation.id,
      hostId: operation.hostId,
      life: operation.life,
    })

  const ended = (operation: Operation): void =>
    events.emit('operation.ended', {
      operation: operation.id,
      host: operation.hostId,
      kind: operation.kind,
      life: operation.life,
      code: operation.fault?.code ?? '',
      milliseconds: (operation.endedAt ?? operation.createdAt) - operation.createdAt,
    })

  return {
    hostChanged,
    requested: (operation: Operation): void => {
      events.emit('operation.requested', {
        operation: operation.id,
        host: operation.hostId,
        project: operation.project,
        kind: operation.kind,
        subject: operation.requester.subject,
      })
      if (terminal.has(operation.life)) ended(operation)
      published(operation)
    },
    advanced: (before: Operation, after: Operation, steps: readonly OperationStep[]): void => {
      for (const { step, message } of steps)
        events.emit('operation.step', { operation: after.id, host: after.hostId, step, message })
      if (before.life !== after.life && terminal.has(after.life)) ended(after)
      published(after)
    },
  }
}
export type Notifier = ReturnType<typeof notifier>
