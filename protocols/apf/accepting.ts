import type { Guid } from '../values/index.ts'
import { ApfService, DisconnectReason } from './enumerations.ts'
import { apfFaults } from './faults.ts'
import type { ApfMessage, AuthMethod, GlobalRequest } from './messages.ts'
import { disconnect, ended, goOn, lookUp, type PhaseTable, type Step, serve, unknownService } from './phase.ts'

// The server's side of a CIRA connection: the device speaks first and leads (reference/mps.md 1.4).

/** Who says it is connecting, and why: believed only after the verdict. */
export interface Claim {
  readonly guid: Guid
  /** A `TriggerReason`; other numbers occur. */
  readonly trigger: number
}

export type AcceptingPhase =
  | { readonly at: 'hello' }
  | ({ readonly at: 'identified' } & Claim)
  | ({ readonly at: 'authenticating'; readonly attempts: number } & Claim)
  /** Somebody looks the credentials up. No message has a place here: none is to be pulled. */
  | ({ readonly at: 'verdict'; readonly attempts: number; readonly user: string } & Claim)
  | ({ readonly at: 'authenticated'; readonly user: string } & Claim)
  | ({ readonly at: 'forwarding'; readonly user: string; readonly ports: readonly number[] } & Claim)
  | { readonly at: 'closed' }

export type AcceptingStep = Step<
  AcceptingPhase,
  { readonly do: 'authenticate'; readonly phase: AcceptingPhase & { at: 'verdict' }; readonly method: AuthMethod }
>

// Firmware forwards at most seven; a peer that goes on for ever is told no.
const MAX_PORTS = 32

const table: PhaseTable<AcceptingPhase, AcceptingStep> = {
  hello: {
    disconnect: ended,
    protocolVersion: (_, { major, minor, guid, trigger }) =>
      major === 1
        ? goOn({ at: 'identified', guid, trigger })
        : disconnect(DisconnectReason.versionNotSupported, apfFaults.APF_VERSION_UNSUPPORTED({ major, minor })),
  },
  identified: {
    disconnect: ended,
    serviceRequest: (phase, { service }) =>
      service === ApfService.auth
        ? goOn({ at: 'authenticating', guid: phase.guid, trigger: phase.trigger, attempts: 0 }, accept(service))
        : unknownService(phase),
  },
  authenticating: {
    disconnect: ended,
    userauthRequest: (phase, { user, service, method }) =>
      service === ApfService.portForwarding
        ? { do: 'authenticate', phase: { ...phase, at: 'verdict', user }, method }
        : unknownService(phase),
  },
  verdict: {},
  authenticated: {
    disconnect: ended,
    keepaliveRequest: serve,
    serviceRequest: (phase, { service }) =>
      service === ApfService.portForwarding
        ? goOn({ ...phase, at: 'forwarding', ports: [] }, accept(service))
        : unknownService(phase),
  },
  forwarding: {
    disconnect: ended,
    globalRequest: (phase, { request }) => {
      switch (request.name) {
        case 'tcpip-forward':
          return forward(phase, request)
        case 'cancel-tcpip-forward': {
          const ports = phase.ports.filter((port) => port !== request.port)
          return goOn({ ...phase, ports }, ...reply(request, { type: 'requestSuccess', port: undefined }))
        }
        case 'udp-send-to@amt.intel.com':
          return serve()
      }
    },
    channelOpen: serve,
    channelOpenConfirmation: serve,
    channelOpenFailure: serve,
    channelWindowAdjust: serve,
    channelData: serve,
    channelClose: serve,
    keepaliveRequest: serve,
    keepaliveReply: serve,
    keepaliveOptionsReply: serve,
  },
  closed: {},
}

const accept = (service: string): ApfMessage => ({ type: 'serviceAccept', service })

const reply = (request: GlobalRequest, message: ApfMessage): readonly ApfMessage[] =>
  request.wantReply ? [message] : []

const forward = (
  phase: AcceptingPhase & { at: 'forwarding' },
  request: Extract<GlobalRequest, { readonly name: 'tcpip-forward' | 'cancel-tcpip-forward' }>,
): AcceptingStep => {
  const { port } = request
  const known = phase.ports.includes(port)
  if (port < 1 || port > 65_535 || (!known && phase.ports.length >= MAX_PORTS))
    return goOn(phase, ...reply(request, { type: 'requestFailure' }))
  const ports = known ? phase.ports : [...phase.ports, port]
  return goOn({ ...phase, ports }, ...reply(request, { type: 'requestSuccess', port }))
}

/** What a message of the device leads to. */
export const accepting = (phase: AcceptingPhase, message: ApfMessage): AcceptingStep => lookUp(table, phase, message)

/** The only methods a device can be offered. */
const FAILURE: ApfMessage = { type: 'userauthFailure', methods: 'password', partialSuccess: false }

/** What a refusal leads to: another try, as long as there have been fewer than `maxAttempts`. */
export const refused = (
  phase: AcceptingPhase & { at: 'verdict' },
  maxAttempts: number,
): { readonly phase: AcceptingPhase; readonly send: readonly ApfMessage[]; readonly last: boolean } => {
  const attempts = phase.attempts + 1
  return {
    phase: { at: 'authenticating', guid: phase.guid, trigger: phase.trigger, attempts },
    send: [FAILURE],
    last: attempts >= maxAttempts,
  }
}

/** What an acceptance leads to. */
export const accepted = (
  phase: AcceptingPhase & { at: 'verdict' },
): { readonly phase: AcceptingPhase; readonly send: readonly ApfMessage[] } => ({
  phase: { at: 'authenticated', guid: phase.guid, trigger: phase.trigger, user: phase.user },
  send: [{ type: 'userauthSuccess' }],
})
