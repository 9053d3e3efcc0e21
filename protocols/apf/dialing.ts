import type { Guid, Secret } from '../values/index.ts'
import { ApfService, DisconnectReason } from './enumerations.ts'
import { apfFaults } from './faults.ts'
import type { ApfMessage, GlobalRequest } from './messages.ts'
import { disconnect, ended, goOn, lookUp, type PhaseTable, type Step, serve, unknownService } from './phase.ts'

// The device's side of a CIRA connection (reference/amt-firmware.md 11.4): it asks one thing at a time and takes
// what the server starts by itself from the first forwarded port on.

export interface Dialer {
  readonly guid: Guid
  /** A `TriggerReason`. */
  readonly trigger: number
  readonly user: string
  readonly password: Secret
  /** In the order they are asked for; 5900 last, because servers take it for the end of the list. */
  readonly ports: readonly number[]
  /** What is asked to be bound: empty, or the device's own host name. */
  readonly address: string
}

/** A request about one port. The first of a list has been sent and is not answered yet. */
export interface PortRequest {
  readonly name: 'tcpip-forward' | 'cancel-tcpip-forward'
  readonly port: number
}

export type DialingPhase =
  | { readonly at: 'greeting'; readonly dialer: Dialer }
  | { readonly at: 'authenticating'; readonly dialer: Dialer }
  | { readonly at: 'refused'; readonly dialer: Dialer }
  | { readonly at: 'authenticated'; readonly dialer: Dialer }
  | {
      readonly at: 'forwarding'
      readonly address: string
      readonly asked: readonly PortRequest[]
      readonly ports: readonly number[]
    }
  | { readonly at: 'closed' }

export type DialingStep = Step<
  DialingPhase,
  { readonly do: 'refused'; readonly phase: DialingPhase; readonly methods: string }
>

/** The first messages, sent without waiting, and the phase they lead to. */
export const greet = (dialer: Dialer): { readonly phase: DialingPhase; readonly send: readonly ApfMessage[] } => ({
  phase: { at: 'greeting', dialer },
  send: [
    { type: 'protocolVersion', major: 1, minor: 0, trigger: dialer.trigger, guid: dialer.guid },
    { type: 'serviceRequest', service: ApfService.auth },
  ],
})

const credentials = (dialer: Dialer): ApfMessage => ({
  type: 'userauthRequest',
  user: dialer.user,
  service: ApfService.portForwarding,
  method: { name: 'password', password: dialer.password },
})

type Forwarding = DialingPhase & { at: 'forwarding' }

const globalRequest = (address: string, { name, port }: PortRequest): ApfMessage => {
  const request: GlobalRequest = { name, wantReply: true, address, port }
  return { type: 'globalRequest', request }
}

const next = (address: string, asked: readonly PortRequest[]): readonly ApfMessage[] =>
  asked[0] === undefined ? [] : [globalRequest(address, asked[0])]

const answered = (phase: Forwarding, success: boolean): DialingStep => {
  const [request, ...asked] = phase.asked
  if (request === undefined)
    return disconnect(
      DisconnectReason.protocolError,
      apfFaults.APF_UNEXPECTED_MESSAGE({ message: 'requestSuccess', phase: phase.at }),
    )
  const others = phase.ports.filter((port) => port !== request.port)
  const bound = request.name === 'tcpip-forward' && success
  const kept = request.name === 'cancel-tcpip-forward' && !success
  const ports = bound || kept ? [...others, request.port] : others
  return goOn({ ...phase, asked, ports }, ...next(phase.address, asked))
}

/** Adds `requests` to what is asked of the server; the first is sent now where nothing else is open. */
export const ask = (phase: Forwarding, requests: readonly PortRequest[]): DialingStep & { do: 'continue' } => {
  const asked = [...phase.asked, ...requests]
  return goOn({ ...phase, asked }, ...(phase.asked.length === 0 ? next(phase.address, asked) : []))
}

const same = <Phase>(phase: Phase) => goOn(phase)

const table: PhaseTable<DialingPhase, DialingStep> = {
  greeting: {
    disconnect: ended,
    // Some servers answer the greeting with their own.
    protocolVersion: same,
    serviceAccept: (phase, { service }) =>
      service === ApfService.auth
        ? goOn({ at: 'authenticating', dialer: phase.dialer }, credentials(phase.dialer))
        : unknownService(phase),
  },
  authenticating: {
    disconnect: ended,
    protocolVersion: same,
    padding: same,
    userauthFailure: (phase, { methods }) => ({
      do: 'refused',
      phase: { at: 'refused', dialer: phase.dialer },
      methods,
    }),
    userauthSuccess: (phase) =>
      goOn(
        { at: 'authenticated', dialer: phase.dialer },
        { type: 'serviceRequest', service: ApfService.portForwarding },
      ),
  },
  refused: { disconnect: ended, padding: same },
  authenticated: {
    disconnect: ended,
    keepaliveRequest: serve,
    keepaliveOptionsRequest: serve,
    serviceAccept: ({ dialer }, { service }) =>
      service === ApfService.portForwarding
        ? ask(
            { at: 'forwarding', address: dialer.address, asked: [], ports: [] },
            dialer.ports.map((port) => ({ name: 'tcpip-forward', port })),
          )
        : unknownService({ at: 'authenticated' }),
  },
  forwarding: {
    disconnect: ended,
    requestSuccess: (phase) => answered(phase, true),
    requestFailure: (phase) => answered(phase, false),
    channelOpen: serve,
    channelOpenConfirmation: serve,
    channelOpenFailure: serve,
    channelWindowAdjust: serve,
    channelData: serve,
    channelClose: serve,
    keepaliveRequest: serve,
    keepaliveReply: serve,
    keepaliveOptionsRequest: serve,
  },
  closed: {},
}

/** What a message of the server leads to. */
export const dialing = (phase: DialingPhase, message: ApfMessage): DialingStep => lookUp(table, phase, message)

/** Another try after a refusal. */
export const retryAuth = (
  phase: DialingPhase & { at: 'refused' },
): { readonly phase: DialingPhase; readonly send: readonly ApfMessage[] } => ({
  phase: { at: 'authenticating', dialer: phase.dialer },
  send: [credentials(phase.dialer)],
})
