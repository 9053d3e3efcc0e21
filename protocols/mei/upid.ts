import type { Bytes } from '../values/index.ts'
import { bytes, decode, encode, flag8, type Infer, Reader, struct, u8, u16le, u32le } from '../wire/index.ts'

// UPID client, reference/rpc.md 18.3: header {u8 feature 0, u8 command, u16 byte count}.

const PROTOCOL = 'UPID'
const SET_STATE = 2
const GET = 5

const header = { feature: u8, command: u8, byteCount: u16le }
const setState = struct({ ...header, enabled: flag8 })
const get = struct(header)
const statusReply = struct({ ...header, status: u32le })
const upid = struct({ oemIdType: u32le, oemId: bytes(32), csmeId: bytes(32) })

/** Who this platform is: the OEM's and the engine's identifier, 32 bytes each. */
export type Upid = Infer<typeof upid>
export type UpidRequest = { readonly type: 'setState'; readonly enabled: boolean } | { readonly type: 'get' }

export const encodeUpidRequest = (value: UpidRequest): Uint8Array<ArrayBuffer> =>
  value.type === 'get'
    ? encode(get, { feature: 0, command: GET, byteCount: 0 })
    : encode(setState, { feature: 0, command: SET_STATE, byteCount: 1, enabled: value.enabled })

/** Throws `WIRE_MALFORMED` for anything but the two commands. */
export const decodeUpidRequest = (message: Bytes): UpidRequest => {
  const { command } = decode(get, message, PROTOCOL, 'ignore')
  if (command === GET) return { type: 'get' }
  if (command === SET_STATE) return { type: 'setState', enabled: decode(setState, message, PROTOCOL).enabled }
  return new Reader(message, PROTOCOL).malformed(`unknown command ${command}`)
}

export const encodeUpidStatus = (type: UpidRequest['type'], status: number): Uint8Array<ArrayBuffer> =>
  encode(statusReply, { feature: 0, command: type === 'get' ? GET : SET_STATE, byteCount: 4, status })

export const decodeUpidStatus = (message: Bytes): number => decode(statusReply, message, PROTOCOL, 'ignore').status

export const encodeUpid = (value: Upid): Uint8Array<ArrayBuffer> =>
  encode(struct({ ...header, status: u32le, upid }), {
    feature: 0,
    command: GET,
    byteCount: 72,
    status: 0,
    upid: value,
  })

/** The identifiers; `undefined` where the platform has none: a short answer with status 0. */
export const decodeUpid = (message: Bytes): { readonly status: number; readonly upid?: Upid } => {
  const { status } = decode(statusReply, message, PROTOCOL, 'ignore')
  if (status !== 0 || message.length < 76) return { status }
  return { status, upid: decode(upid, message.subarray(8), PROTOCOL, 'ignore') }
}
