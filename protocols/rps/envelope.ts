import { type Bytes, fromBase64, strictText, toBase64, utf8 } from '../values/index.ts'
import { rpsFaults } from './faults.ts'

/** Most bytes of UTF-8 in one message of a client (reference/rps.md 1.1). */
export const RPS_MESSAGE_LIMIT = 102_400

/** The protocol both sides speak. */
export const RPS_PROTOCOL_VERSION = '4.0.0'

/** The object every frame holds, as far as anybody looks at it; what is missing reads as `''`. */
export interface Envelope {
  readonly method: string
  readonly status: string
  readonly message: string
  /** base64, or plain JSON in `port_switch`. */
  readonly payload: string
  readonly appVersion: string
  readonly protocolVersion: string
  readonly tenantId: string
  /** The whole object as it came: a heartbeat is answered with it. */
  readonly received: Readonly<Record<string, unknown>>
}

/**
 * The object in one text frame. Throws `RPS_TOO_LONG` beyond `limit` bytes and `RPS_MALFORMED` for what is not
 * a JSON object with a method.
 */
export const decodeEnvelope = (frame: Bytes, limit: number): Envelope => {
  if (frame.length > limit) throw rpsFaults.RPS_TOO_LONG({ length: frame.length, limit })
  const json = strictText(frame)
  if (json === undefined) throw rpsFaults.RPS_MALFORMED({ reason: 'it is not UTF-8' })
  const received = parseObject(json)
  if (received === undefined) throw rpsFaults.RPS_MALFORMED({ reason: 'it is not a JSON object' })
  const method = textOf(received.method)
  if (method === '') throw rpsFaults.RPS_MALFORMED({ reason: 'it has no method' })
  return {
    method,
    status: textOf(received.status),
    message: textOf(received.message),
    payload: textOf(received.payload),
    appVersion: textOf(received.appVersion),
    protocolVersion: textOf(received.protocolVersion),
    tenantId: textOf(received.tenantId),
    received,
  }
}

/** One text frame. Throws `RPS_TOO_LONG` beyond `limit` bytes. */
export const encodeFrame = (object: Readonly<Record<string, unknown>>, limit: number): Uint8Array<ArrayBuffer> => {
  const frame = utf8(JSON.stringify(object))
  if (frame.length > limit) throw rpsFaults.RPS_TOO_LONG({ length: frame.length, limit })
  return frame
}

/** Bytes of a payload. Throws `RPS_MALFORMED` where it is not base64. */
export const decodePayload = (payload: string): Uint8Array<ArrayBuffer> => {
  const bytes = fromBase64(payload)
  if (bytes === undefined) throw rpsFaults.RPS_MALFORMED({ reason: 'its payload is not base64' })
  return bytes
}

export const encodePayload = (bytes: Bytes): string => toBase64(bytes)

/** The JSON object in `json`; `undefined` where it is anything else. */
export const parseObject = (json: string): Readonly<Record<string, unknown>> | undefined => {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

/** A text as it is; anything else, null included, as `''`: neither side of the field is stricter. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
