/** One event a program has logged as a line of JSON. */
export interface LoggedEvent {
  readonly event: string
  readonly [field: string]: unknown
}

/** What is looked for: an event of this name whose fields have these values. */
export type EventPattern = { readonly event: string } & Readonly<Record<string, unknown>>

/** The events a program has logged so far, and those to come. */
export class EventLog {
  readonly #events: LoggedEvent[] = []
  readonly #listeners = new Set<(event: LoggedEvent) => void>()

  /** Takes a line of the program; what is no event is passed over. */
  take(line: string): void {
    const from = line.indexOf('{"')
    if (from < 0 || !line.includes('"event":"')) return
    let event: LoggedEvent
    try {
      event = JSON.parse(line.slice(from)) as LoggedEvent
    } catch {
      return
    }
    this.#events.push(event)
    for (const listener of this.#listeners) listener(event)
  }

  get length(): number {
    return this.#events.length
  }

  get all(): readonly LoggedEvent[] {
    return this.#events
  }

  /** Calls `listener` for each event to come; the returned function ends that. */
  listen(listener: (event: LoggedEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The first event from the `from`-th on that fits, be it there already or still to come. */
  async find(pattern: EventPattern, from = 0, milliseconds = 30_000): Promise<LoggedEvent> {
    const fits = (event: LoggedEvent): boolean =>
      Object.entries(pattern).every(([field, value]) => event[field] === value)
    const there = this.#events.slice(from).find(fits)
    if (there !== undefined) return there
    return new Promise((resolve, reject) => {
      const stop = this.listen((event) => {
        if (!fits(event)) return
        stop()
        clearTimeout(timer)
        resolve(event)
      })
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`no event ${JSON.stringify(pattern)} within ${milliseconds} ms`))
      }, milliseconds)
    })
  }
}
