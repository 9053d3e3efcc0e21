import type { Clock } from '@outrider/domain/ports'
import type { AgentSeen, OrderKind, OrderSeen } from '@outrider/domain/reconcile'
import { type EpochMilliseconds, type FaultRecord, type Secret, seconds } from '@outrider/protocols/values'
import { type HostRef, keyOf } from '../host-ref.ts'
import { OrderStream } from './order-stream.ts'

/** What an agent is to do for one operation. The alias is nowhere else in this process, and in no store. */
export interface AgentOrder {
  readonly id: string
  readonly operationId: string
  readonly kind: OrderKind
  /** One-time profile name, or word of a deactivation. */
  readonly alias?: Secret
  readonly deadline: EpochMilliseconds
}

export interface OrderReport {
  readonly state: OrderSeen['state']
  /** Of a failure. */
  readonly fault?: FaultRecord
}

interface Place {
  stream?: OrderStream
  /** Of an agent that polls: when it last did. */
  polledAt?: EpochMilliseconds
  since: EpochMilliseconds
  order?: AgentOrder
  /** State of `order`, or of one this process never gave (it was restarted). */
  report?: OrderReport & { readonly orderId: string; readonly at: EpochMilliseconds }
  waiting: Set<() => void>
}

/** A polling agent that was silent for so long is away: four times its usual rhythm. */
const POLL_SPAN = seconds(40)

/** The agents that listen, and the one order each of their hosts has at most. In memory only. */
export class Desk {
  readonly #clock: Clock
  readonly #places = new Map<string, Place>()
  readonly #openedAt: EpochMilliseconds

  constructor(clock: Clock) {
    this.#clock = clock
    this.#openedAt = clock.now()
  }

  /** An agent begins to listen; an older stream of the same host ends. It gets the order of its host at once. */
  open(host: HostRef): OrderStream {
    const place = this.#place(host)
    place.stream?.end()
    const stream = new OrderStream()
    place.stream = stream
    place.since = this.#clock.now()
    const state = place.report?.state
    if (place.order !== undefined && state !== 'succeeded' && state !== 'failed') stream.push(place.order)
    return stream
  }

  /** `false` where a newer stream took its place: the agent still listens. */
  close(host: HostRef, stream: OrderStream): boolean {
    const place = this.#places.get(keyOf(host))
    stream.end()
    if (place?.stream !== stream) return false
    delete place.stream
    place.since = this.#clock.now()
    this.#tidy(host)
    return true
  }

  /** An agent of the older kind asked whether there is anything to do. */
  polled(host: HostRef): void {
    const place = this.#place(host)
    if (!this.agent(host).listening) place.since = this.#clock.now()
    place.polledAt = this.#clock.now()
  }

  agent(host: HostRef): AgentSeen {
    const place = this.#places.get(keyOf(host))
    if (place === undefined) return { listening: false, since: this.#openedAt, legacy: false }
    const { stream, polledAt, since } = place
    const polls = polledAt !== undefined && this.#clock.now() < polledAt + POLL_SPAN
    return { listening: stream !== undefined || polls, since, legacy: stream === undefined && polls }
  }

  offer(host: HostRef, order: AgentOrder): void {
    const place = this.#place(host)
    place.order = order
    place.report = { orderId: order.id, state: 'offered', at: this.#clock.now() }
    place.stream?.push(order)
    for (const wake of place.waiting) wake()
  }

  /** The order a host has, where it has not ended. */
  current(host: HostRef): AgentOrder | undefined {
    const place = this.#places.get(keyOf(host))
    const state = place?.report?.state
    return state === 'succeeded' || state === 'failed' ? undefined : place?.order
  }

  /** How this order stands; `undefined` where this process knows nothing of it. */
  seen(host: HostRef, orderId: string): OrderSeen | undefined {
    const report = this.#places.get(keyOf(host))?.report
    if (report?.orderId !== orderId) return undefined
    const { state, at, fault } = report
    return { state, at, ...(fault === undefined ? {} : { fault }) }
  }

  /** Whether it says anything new. An end does not change any more. */
  report(host: HostRef, orderId: string, report: OrderReport): boolean {
    const place = this.#place(host)
    if (place.order !== undefined && place.order.id !== orderId) return false
    const before = place.report
    if (before?.orderId === orderId) {
      if (before.state === 'succeeded' || before.state === 'failed') return false
      if (before.state === report.state) return false
      // Out of order on the wire: what is further along stays.
      if (before.state === 'running' && report.state === 'accepted') return false
    }
    place.report = { ...report, orderId, at: this.#clock.now() }
    return true
  }

  /** Takes every order away but the one named. */
  keepOnly(host: HostRef, orderId: string | undefined): void {
    const place = this.#places.get(keyOf(host))
    if (place === undefined) return
    if (place.order !== undefined && place.order.id !== orderId) {
      place.stream?.drop(place.order.id)
      delete place.order
    }
    if (place.report !== undefined && place.report.orderId !== orderId) delete place.report
    this.#tidy(host)
  }

  /** Waits until the host has an order that has not ended, for `span` at most. */
  async orderWithin(host: HostRef, span: number, signal: AbortSignal): Promise<AgentOrder | undefined> {
    const place = this.#place(host)
    const over = new AbortController()
    const bell = (): void => over.abort()
    place.waiting.add(bell)
    try {
      if (this.current(host) === undefined)
        await this.#clock.sleep(span, AbortSignal.any([over.signal, signal])).catch(() => undefined)
      return this.current(host)
    } finally {
      place.waiting.delete(bell)
    }
  }

  /** Ends every stream: agents open them again elsewhere. */
  endAll(): void {
    for (const { stream } of this.#places.values()) stream?.end()
  }

  /** A sign of life to every `share`-th agent, so that they do not come all at once. */
  beat(turn: number, share: number): void {
    let at = 0
    for (const { stream } of this.#places.values()) if (at++ % share === turn % share) stream?.alive()
  }

  #place(host: HostRef): Place {
    const key = keyOf(host)
    const known = this.#places.get(key)
    if (known !== undefined) return known
    const place: Place = { since: this.#openedAt, waiting: new Set() }
    this.#places.set(key, place)
    return place
  }

  #tidy(host: HostRef): void {
    const place = this.#places.get(keyOf(host))
    if (place === undefined) return
    const { stream, order, report, waiting } = place
    const empty = stream === undefined && order === undefined && report === undefined && waiting.size === 0
    if (empty && !this.agent(host).listening) this.#places.delete(keyOf(host))
  }
}
