import type { EpochMilliseconds, FaultRecord } from '@outrider/protocols/values'
import type { Ticket } from '../ports/index.ts'

/** The agent of a host. */
export interface AgentSeen {
  /** Whether an order that is given now reaches it soon. */
  readonly listening: boolean
  /** Since when it listens, or does not. */
  readonly since: EpochMilliseconds
  /** It knows the three existing calls only: it can be told to activate, and cannot report what it detects. */
  readonly legacy: boolean
}

/** What became of the order an operation has given; absent where this process does not know of it. */
export interface OrderSeen {
  readonly state: 'offered' | 'accepted' | 'running' | 'succeeded' | 'failed'
  readonly at: EpochMilliseconds
  /** Of a failure: what the agent says it was. */
  readonly fault?: FaultRecord
}

/** What is observed around a host, besides its record. */
export interface Seen {
  readonly agent: AgentSeen
  /** Of the order in the memo, and of no other. */
  readonly order?: OrderSeen
  /** Of that order. */
  readonly ticket?: Ticket
  /** Whether the device's tunnel is at our MPS. */
  readonly connected: boolean
  /** Until then a tunnel that is not there may just not be back yet (we have just started). */
  readonly graceUntil: EpochMilliseconds
  /** Names and addresses of our MPS, as devices are told them; empty = not known, and then nobody is foreign. */
  readonly ourMps: readonly string[]
}
