import type { EventFields, EventName } from '../events/index.ts'

/** Where events of the catalogue go: logs and metrics derive from it. Must not throw. */
export interface EventSink {
  emit<N extends EventName>(name: N, fields: EventFields<N>): void
}
