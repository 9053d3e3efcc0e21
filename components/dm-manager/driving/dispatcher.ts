import type { Clock, EventSink, Random } from '@outrider/domain/ports'
import { type EpochMilliseconds, Fault, type Milliseconds, minutes, seconds } from '@outrider/protocols/values'
import { type HostRef, keyOf } from '../host-ref.ts'
import { Agenda } from './agenda.ts'

/** What became of driving a host: nothing is left to do, or look again at this time if nothing happens before. */
export type Verdict = { readonly idle: true } | { readonly idle: false; readonly until: EpochMilliseconds }

interface Entry {
  readonly ref: HostRef
  state: 'waiting' | 'queued' | 'running'
  /** Something happened while it ran. */
  again: boolean
  failures: number
}

/** The bus may lose a message: a host that waits is looked at this often at least. */
const LONGEST_WAIT: Milliseconds = minutes(5)
const FIRST_PAUSE: Milliseconds = seconds(1)
const LONGEST_PAUSE: Milliseconds = minutes(1)

/**
 * One worker per host with something to do, a bounded number at a time. A host that waits costs an entry and a
 * date, no timer and no worker; a host with nothing to do costs nothing.
 */
export class Dispatcher {
  readonly #deps: { readonly clock: Clock; readonly random: Random; readonly events: EventSink }
  readonly #parallel: number
  readonly #drive: (ref: HostRef, signal: AbortSignal) => Promise<Verdict>
  readonly #entries = new Map<string, Entry>()
  readonly #queue: Entry[] = []
  readonly #agenda: Agenda
  readonly #running = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #closed = false

  constructor(
    deps: { readonly clock: Clock; readonly random: Random; readonly events: EventSink },
    parallel: number,
    drive: (ref: HostRef, signal: AbortSignal) => Promise<Verdict>,
  ) {
    this.#deps = deps
    this.#parallel = parallel
    this.#drive = drive
    this.#agenda = new Agenda(deps.clock)
  }

  /** Whether an operation of this host is known to be unfinished. */
  knows(ref: HostRef): boolean {
    return this.#entries.has(keyOf(ref))
  }

  /** Looks at the host, soon. Many calls are one look. */
  wake(ref: HostRef): void {
    const key = keyOf(ref)
    const entry = this.#entries.get(key)
    if (entry === undefined) {
      const fresh: Entry = { ref, state: 'waiting', again: false, failures: 0 }
      this.#entries.set(key, fresh)
      this.#enqueue(fresh)
    } else if (entry.state === 'waiting') this.#enqueue(entry)
    else if (entry.state === 'running') entry.again = true
  }

  /** The same, where something is known to be unfinished; otherwise nothing happens. */
  wakeKnown(ref: HostRef): void {
    if (this.knows(ref)) this.wake(ref)
  }

  wakeKey(key: string): void {
    const entry = this.#entries.get(key)
    if (entry !== undefined) this.wake(entry.ref)
  }

  /** Runs the agenda until `stop`. */
  run(): Promise<void> {
    return this.#agenda.run((key) => this.wakeKey(key), this.#stopping.signal)
  }

  /** Begins nothing new; lets what runs finish for `grace`, then ends it: whoever starts next goes on by looking. */
  async stop(grace: Milliseconds): Promise<void> {
    this.#closed = true
    const over = new AbortController()
    const done = Promise.all(this.#running).then(() => over.abort())
    await this.#deps.clock.sleep(grace, over.signal).catch(() => undefined)
    this.#stopping.abort(new Fault({ kind: 'unavailable', code: 'STOPPING', message: 'Stopping.', remedy: '' }))
    await done
  }

  #enqueue(entry: Entry): void {
    this.#agenda.forget(keyOf(entry.ref))
    entry.state = 'queued'
    this.#queue.push(entry)
    this.#fill()
  }

  #fill(): void {
    while (!this.#closed && this.#running.size < this.#parallel) {
      const entry = this.#queue.shift()
      if (entry === undefined) return
      entry.state = 'running'
      entry.again = false
      const work: Promise<void> = this.#work(entry).then(() => {
        this.#running.delete(work)
        this.#fill()
      })
      this.#running.add(work)
    }
  }

  async #work(entry: Entry): Promise<void> {
    const { clock, events } = this.#deps
    const key = keyOf(entry.ref)
    let verdict: Verdict
    try {
      verdict = await this.#drive(entry.ref, this.#stopping.signal)
      entry.failures = 0
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      const fault = Fault.from(error)
      const { cause = fault } = fault
      entry.failures += 1
      events.emit('operation.interrupted', {
        host: entry.ref.hostId,
        code: fault.code,
        cause: fault.kind === 'bug' ? String((cause as Error).stack ?? cause) : '',
      })
      const pause = Math.min(FIRST_PAUSE * 2 ** (entry.failures - 1), LONGEST_PAUSE)
      verdict = { idle: false, until: clock.now() + pause * (0.5 + this.#chance()) }
    }
    entry.state = 'waiting'
    if (entry.again && entry.failures === 0) this.#enqueue(entry)
    else if (verdict.idle) this.#entries.delete(key)
    else this.#agenda.at(key, Math.min(verdict.until, clock.now() + LONGEST_WAIT * (0.75 + this.#chance() / 2)))
  }

  #chance(): number {
    return (this.#deps.random.bytes(1)[0] ?? 0) / 256
  }
}
