import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { EventFields, EventName } from '@outrider/domain/events'
import type { Clock, EventSink, Random } from '@outrider/domain/ports'

/** Real time and randomness, for tests that run over real sockets. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (span, signal) => pause(span, undefined, { signal }),
}

export const realRandom: Random = { bytes: (length) => randomBytes(length) }

export interface RecordedEvents extends EventSink {
  readonly all: readonly { readonly name: EventName; readonly fields: Readonly<Record<string, unknown>> }[]
  named(name: EventName): readonly Readonly<Record<string, unknown>>[]
}

/** Keeps every event, for tests that assert on them. */
export const recordEvents = (): RecordedEvents => {
  const all: { name: EventName; fields: Readonly<Record<string, unknown>> }[] = []
  return {
    all,
    emit<N extends EventName>(name: N, fields: EventFields<N>) {
      all.push({ name, fields })
    },
    named: (name) => all.filter((event) => event.name === name).map(({ fields }) => fields),
  }
}
