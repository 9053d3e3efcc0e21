import type { Fault } from '../values/index.ts'
import { DisconnectReason } from './enumerations.ts'
import { apfFaults } from './faults.ts'
import type { ApfMessage, ApfMessageOf, ApfMessageType } from './messages.ts'

/**
 * What a message leads to in a phase. `serve` leaves the message to the session: it is one of the running
 * tunnel (channels, keepalives, datagrams) and changes no phase. `disconnect` ends the connection with that
 * reason, after `send` where there is one.
 */
export type Step<Phase, Act = never> =
  | { readonly do: 'continue'; readonly phase: Phase; readonly send: readonly ApfMessage[] }
  | { readonly do: 'serve' }
  | { readonly do: 'ended'; readonly reason: number }
  | {
      readonly do: 'disconnect'
      readonly reason: number
      readonly fault: Fault
      readonly send: readonly ApfMessage[]
    }
  | Act

/** For every phase the messages that have a place in it, and what each leads to. What is not listed is a fault. */
export type PhaseTable<Phase extends { readonly at: string }, Next> = {
  readonly [At in Phase['at']]: {
    readonly [Type in ApfMessageType]?: (
      phase: Extract<Phase, { readonly at: At }>,
      message: ApfMessageOf<Type>,
    ) => Next
  }
}

export const SERVE = { do: 'serve' } as const
export const serve = (): typeof SERVE => SERVE

export const goOn = <Phase>(phase: Phase, ...send: ApfMessage[]) => ({ do: 'continue', phase, send }) as const

export const ended = (_: unknown, message: ApfMessageOf<'disconnect'>) =>
  ({ do: 'ended', reason: message.reason }) as const

export const disconnect = (reason: number, fault: Fault, ...send: ApfMessage[]) =>
  ({ do: 'disconnect', reason, fault, send }) as const

export const unknownService = (phase: { readonly at: string }) =>
  disconnect(DisconnectReason.serviceNotAvailable, apfFaults.APF_UNKNOWN_SERVICE({ phase: phase.at }))

/** The step of a message in a phase; a pair the table does not list is a protocol error. */
export const lookUp = <Phase extends { readonly at: string }, Next>(
  table: PhaseTable<Phase, Next>,
  phase: Phase,
  message: ApfMessage,
): Next | ReturnType<typeof disconnect> => {
  const row = table[phase.at as Phase['at']] as Readonly<
    Partial<Record<ApfMessageType, (phase: Phase, message: ApfMessage) => Next>>
  >
  const step = row[message.type]
  if (step !== undefined) return step(phase, message)
  return disconnect(
    DisconnectReason.protocolError,
    apfFaults.APF_UNEXPECTED_MESSAGE({ message: message.type, phase: phase.at }),
  )
}
