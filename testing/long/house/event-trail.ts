import type { EventFields, EventName } from '@outrider/domain/events'
import type { EventSink } from '@outrider/domain/ports'

export interface Told {
  readonly name: EventName
  readonly fields: Readonly<Record<string, unknown>>
}

/** The last events of a house: enough to look back at, never so many that they are what grows. */
export class EventTrail implements EventSink {
  readonly #limit: number
  #kept: Told[] = []
  #dropped = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  emit<N extends EventName>(name: N, fields: EventFields<N>): void {
    this.#kept.push({ name, fields })
    if (this.#kept.length < 2 * this.#limit) return
    this.#dropped += this.#limit
    this.#kept = this.#kept.slice(this.#limit)
  }

  /** Now, for `since`. */
  get mark(): number {
    return this.#dropped + this.#kept.length
  }

  since(mark: number): readonly Told[] {
    return this.#kept.slice(Math.max(0, mark - this.#dropped))
  }
}

/** Whether an event is never right, whatever a device or a network does. */
export const isBug = ({ name, fields }: Told): boolean =>
  name === 'service.error' ||
  name === 'http.failed' ||
  fields.code === 'INTERNAL' ||
  (name === 'cira.rejected' && fields.reason === 'failed')
