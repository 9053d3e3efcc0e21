import { type Bytes, text, utf8 } from '../values/index.ts'
import { formatCommandLine, isCommandLine, parseCommandLine, type RpsCommand } from './command-line.ts'
import { type DevicePayload, decodeDevicePayload, encodeDevicePayload } from './device-payload.ts'
import {
  decodeEnvelope,
  decodePayload,
  encodeFrame,
  encodePayload,
  RPS_MESSAGE_LIMIT,
  RPS_PROTOCOL_VERSION,
} from './envelope.ts'

/** Why a client lost its local connection to the device. */
export type ConnectionResetReason = 'connection_closed' | 'lms_error'

/** What a client sends (reference/rps.md 1.3). */
export type ClientMessage =
  /** The first message: what to do, and what the device is. */
  | {
      readonly type: 'command'
      readonly command: RpsCommand
      readonly device: DevicePayload
      readonly tenantId: string
    }
  /** The device's whole HTTP response to a `wsman`. */
  | { readonly type: 'response'; readonly payload: Bytes }
  /** TLS bytes of the device. */
  | { readonly type: 'tls_data'; readonly payload: Bytes }
  | { readonly type: 'connection_reset'; readonly reason: ConnectionResetReason }
  | { readonly type: 'port_switch_ack' }
  /** The received heartbeat, given back. */
  | { readonly type: 'heartbeat_response'; readonly received: Readonly<Record<string, unknown>> }
  /** Only read, never sent. */
  | { readonly type: 'unknown'; readonly method: string }

export interface ReceivedClientMessage {
  readonly message: ClientMessage
  readonly appVersion: string
  /** `''` where the client says none. Checked by `requireProtocolVersion`. */
  readonly protocolVersion: string
}

const envelope = (appVersion: string, method: string, payload: string, tenantId: string) =>
  encodeFrame(
    {
      method,
      apiKey: 'key',
      appVersion,
      protocolVersion: RPS_PROTOCOL_VERSION,
      status: 'ok',
      message: 'ok',
      fqdn: '',
      payload,
      tenantId,
    },
    RPS_MESSAGE_LIMIT,
  )

/** One text frame. Throws `RPS_TOO_LONG`. */
export const encodeClientMessage = (
  message: Exclude<ClientMessage, { type: 'unknown' }>,
  appVersion: string,
): Uint8Array<ArrayBuffer> => {
  switch (message.type) {
    case 'command':
      return envelope(
        appVersion,
        formatCommandLine(message.command),
        encodeDevicePayload(message.device),
        message.tenantId,
      )
    case 'response':
    case 'tls_data':
      return envelope(appVersion, message.type, encodePayload(message.payload), '')
    case 'connection_reset':
      return envelope(appVersion, message.type, encodePayload(utf8(message.reason)), '')
    case 'port_switch_ack':
      return envelope(appVersion, message.type, encodePayload(utf8('ok')), '')
    case 'heartbeat_response':
      return encodeFrame({ ...message.received, method: 'heartbeat_response', status: 'success' }, RPS_MESSAGE_LIMIT)
  }
}

/**
 * The message in one text frame of a client. Throws `RPS_TOO_LONG`, `RPS_MALFORMED`, and of a command also
 * `RPS_COMMAND_MALFORMED`, `RPS_PAYLOAD_UNREADABLE`, `RPS_PAYLOAD_INCOMPLETE`.
 */
export const decodeClientMessage = (frame: Bytes, limit: number = RPS_MESSAGE_LIMIT): ReceivedClientMessage => {
  const { method, payload, received, appVersion, protocolVersion, tenantId } = decodeEnvelope(frame, limit)
  const whole = (message: ClientMessage): ReceivedClientMessage => ({ message, appVersion, protocolVersion })
  if (isCommandLine(method)) {
    const command = parseCommandLine(method)
    return whole({ type: 'command', command, device: decodeDevicePayload(payload), tenantId })
  }
  switch (method) {
    case 'response':
    case 'tls_data':
      return whole({ type: method, payload: decodePayload(payload) })
    case 'connection_reset': {
      const reason = text(decodePayload(payload)) === 'lms_error' ? 'lms_error' : 'connection_closed'
      return whole({ type: method, reason })
    }
    case 'port_switch_ack':
      return whole({ type: method })
    case 'heartbeat_response':
      return whole({ type: method, received })
    default:
      return whole({ type: 'unknown', method })
  }
}
