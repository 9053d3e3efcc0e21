import type { Bytes } from '../values/index.ts'
import {
  decodeEnvelope,
  decodePayload,
  encodeFrame,
  encodePayload,
  parseObject,
  RPS_PROTOCOL_VERSION,
  textOf,
} from './envelope.ts'
import { rpsFaults } from './faults.ts'
import { decodeOutcome, encodeOutcome, type Outcome } from './status.ts'

/** What a server sends (reference/rps.md 1.2, rpc.md 13.4). */
export type ServerMessage =
  /** A whole HTTP/1.1 request for the device. */
  | { readonly type: 'wsman'; readonly payload: Bytes }
  /** TLS bytes for the device's port 16993. */
  | { readonly type: 'tls_data'; readonly payload: Bytes }
  | { readonly type: 'port_switch'; readonly port: number; readonly delaySeconds: number; readonly rootCert?: string }
  /** Only for clients that said they know it. */
  | { readonly type: 'progress'; readonly label: string }
  | { readonly type: 'heartbeat_request'; readonly received: Readonly<Record<string, unknown>> }
  /** The last message: it is done. */
  | { readonly type: 'success'; readonly outcome: Outcome }
  /** The last message: it failed. */
  | { readonly type: 'error'; readonly outcome: Outcome }
  /** Only read. Old clients relay such a payload like that of `wsman`. */
  | { readonly type: 'unknown'; readonly method: string; readonly payload: Bytes }

/** Longest frame a client takes from its server, which is not held to the limit of clients. */
export const RPS_SERVER_MESSAGE_LIMIT = 1_048_576

/** One text frame. Throws `RPS_TOO_LONG`. */
export const encodeServerMessage = (
  message: Exclude<ServerMessage, { type: 'unknown' }>,
  appVersion: string,
): Uint8Array<ArrayBuffer> => {
  const frame = (status: string, text: string, payload: string | null) =>
    encodeFrame(
      {
        method: message.type,
        apiKey: 'xxxxx',
        appVersion,
        protocolVersion: RPS_PROTOCOL_VERSION,
        status,
        message: text,
        payload,
        tenantId: '',
      },
      RPS_SERVER_MESSAGE_LIMIT,
    )
  switch (message.type) {
    case 'wsman':
    case 'tls_data':
      return frame('ok', '', encodePayload(message.payload))
    case 'port_switch': {
      const { port, delaySeconds, rootCert } = message
      const parameters = { port: String(port), delay: delaySeconds, ...(rootCert === undefined ? {} : { rootCert }) }
      return frame('ok', '', JSON.stringify(parameters))
    }
    case 'progress':
      return frame('ok', message.label, null)
    case 'heartbeat_request':
      return frame('heartbeat', '', '')
    case 'success':
      return frame('success', encodeOutcome(message.outcome), null)
    case 'error':
      return frame('failed', encodeOutcome(message.outcome), null)
  }
}

/** The message in one text frame of a server. Throws `RPS_TOO_LONG` and `RPS_MALFORMED`. */
export const decodeServerMessage = (frame: Bytes, limit: number = RPS_SERVER_MESSAGE_LIMIT): ServerMessage => {
  const { method, message, payload, received } = decodeEnvelope(frame, limit)
  switch (method) {
    case 'wsman':
    case 'tls_data':
      return { type: method, payload: decodePayload(payload) }
    case 'port_switch':
      return portSwitch(payload)
    case 'progress':
      return { type: method, label: message }
    case 'heartbeat_request':
      return { type: method, received }
    case 'success':
    case 'error':
      return { type: method, outcome: decodeOutcome(message) }
    default:
      return { type: 'unknown', method, payload: decodePayload(payload) }
  }
}

/** The payload is JSON as it is, not in base64. */
const portSwitch = (payload: string): ServerMessage => {
  const object = parseObject(payload)
  const port = Number(object?.port)
  if (object === undefined || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw rpsFaults.RPS_MALFORMED({ reason: 'its port_switch names no port' })
  const delay = object.delay
  const rootCert = textOf(object.rootCert)
  return {
    type: 'port_switch',
    port,
    delaySeconds: typeof delay === 'number' && Number.isFinite(delay) && delay > 0 ? delay : 0,
    ...(rootCert === '' ? {} : { rootCert }),
  }
}
