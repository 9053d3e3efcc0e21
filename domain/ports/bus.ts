import type { EpochMilliseconds, Guid } from '@outrider/protocols/values'
import type { HostPolicy } from '../hosts/index.ts'
import type { ProjectId } from '../identity/index.ts'
import type { OperationLife } from '../operations/index.ts'

/** What is told over the bus. Never the only place of a truth: whoever listens also resyncs. */
export interface BusTopics {
  'host.changed': { readonly project: ProjectId; readonly hostId: string; readonly policy?: HostPolicy }
  'operation.changed': {
    readonly project: ProjectId
    readonly operationId: string
    readonly hostId: string
    readonly life: OperationLife
  }
  'presence.changed': {
    readonly project: ProjectId
    readonly guid: Guid
    readonly connected: boolean
    readonly epoch: number
    readonly at: EpochMilliseconds
  }
  'ticket.changed': { readonly project: ProjectId; readonly ticketId: string; readonly operationId: string }
}
export type Topic = keyof BusTopics

export interface Bus {
  /** Returns once the message is on its way; delivery is at most once, in order per publisher. */
  publish<T extends Topic>(topic: T, message: BusTopics[T]): void
  /** `handler` must not throw; it is called for each message until the subscription is disposed. */
  subscribe<T extends Topic>(topic: T, handler: (message: BusTopics[T]) => void): Disposable
  health(signal: AbortSignal): Promise<'ok' | 'away'>
}
