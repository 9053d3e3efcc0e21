import type { EventName } from '@outrider/domain/events'
import type { EventSink } from '@outrider/domain/ports'

export interface RecordedEvents extends EventSink {
  readonly all: { readonly name: EventName; readonly fields: Readonly<Record<string, unknown>> }[]
  of(name: EventName): Readonly<Record<string, unknown>>[]
}

/** Keeps what was told, for tests to look at. */
export const recordedEvents = (): RecordedEvents => {
  const all: RecordedEvents['all'] = []
  return {
    all,
    emit: (name, fields) => void all.push({ name, fields }),
    of: (name) => all.filter((event) => event.name === name).map(({ fields }) => fields),
  }
}
