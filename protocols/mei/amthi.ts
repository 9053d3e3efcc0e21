import { type Bytes, concat } from '../values/index.ts'
import { type Codec, decode, encode, Reader, reserved, SHORT, struct, u8, u32le } from '../wire/index.ts'
import {
  type AmthiCommand,
  type AmthiInput,
  type AmthiName,
  type AmthiOutput,
  amthiCommands,
  amthiDeclaredOnly,
} from './amthi-commands.ts'

// AMTHI ("PTHI") messages, reference/rpc.md 17. A request is
//   u8 1, u8 1, u16 0, u32 command, u32 length of the data, data
// and a response the same header with bit 23 of the command set, then u32 status, then the data; its length
// counts status and data. All integers little-endian.

const PROTOCOL = 'AMTHI'
const RESPONSE_BIT = 0x00800000

const header = struct({ major: u8, minor: u8, pad: reserved(2), command: u32le, length: u32le })
const HEADER_BYTES = 12

const frame = (command: number, data: Bytes): Uint8Array<ArrayBuffer> =>
  concat([encode(header, { major: 1, minor: 1, command, length: data.length }), data])

/** What a device made of one request message. */
export type AmthiRequest =
  | {
      readonly [N in AmthiName]: { readonly is: 'command'; readonly name: N; readonly input: AmthiInput<N> }
    }[AmthiName]
  /** A command of ours whose data has the wrong length: answered `INVALID_MESSAGE_LENGTH`. */
  | { readonly is: 'wrongLength'; readonly id: number }
  /** A number the field declares and nobody sends. */
  | { readonly is: 'declared'; readonly id: number; readonly name: string }
  | { readonly is: 'unknown'; readonly id: number }

/** What a client made of one response message: a status other than 0 comes without output. */
export type AmthiResponse<A> =
  | { readonly status: 0; readonly output: A }
  | { readonly status: number; readonly output?: undefined }

const byId = new Map<number, AmthiName>(
  (Object.keys(amthiCommands) as AmthiName[]).map((name) => [amthiCommands[name].id, name]),
)

const commandOf = <N extends AmthiName>(name: N): AmthiCommand<AmthiInput<N>, AmthiOutput<N>> =>
  amthiCommands[name] as unknown as AmthiCommand<AmthiInput<N>, AmthiOutput<N>>

export const encodeAmthiRequest = <N extends AmthiName>(name: N, input: AmthiInput<N>): Uint8Array<ArrayBuffer> => {
  const command = commandOf(name)
  return frame(command.id, encode(command.request, input))
}

/** The request in one MEI message. Throws `WIRE_MALFORMED` where there is not even a header. */
export const decodeAmthiRequest = (message: Bytes): AmthiRequest => {
  const { command: id, length } = decode(header, message, PROTOCOL, 'ignore')
  const name = byId.get(id)
  if (name === undefined) {
    const declared = amthiDeclaredOnly[id]
    return declared === undefined ? { is: 'unknown', id } : { is: 'declared', id, name: declared }
  }
  const data = message.subarray(HEADER_BYTES)
  if (data.length !== length) return { is: 'wrongLength', id }
  const input = whole(commandOf(name).request, data)
  return input === undefined ? { is: 'wrongLength', id } : ({ is: 'command', name, input } as AmthiRequest)
}

/** The value of bytes that hold exactly it; `undefined` where they are too few or too many. */
const whole = <T>(codec: Codec<T>, data: Bytes): T | undefined => {
  const from = new Reader(data, PROTOCOL)
  try {
    const value = codec.read(from)
    return from.remaining === 0 ? value : undefined
  } catch (error) {
    if (error === SHORT) return undefined
    throw error
  }
}

export const encodeAmthiResponse = <N extends AmthiName>(name: N, output: AmthiOutput<N>): Uint8Array<ArrayBuffer> => {
  const command = commandOf(name)
  return encodeAmthiStatus(command.id, 0, encode(command.response, output))
}

/** A response that is a status and, rarely, some bytes. `id` is the request's command number, known or not. */
export const encodeAmthiStatus = (
  id: number,
  status: number,
  data: Bytes = new Uint8Array(0),
): Uint8Array<ArrayBuffer> => frame((id | RESPONSE_BIT) >>> 0, concat([encode(u32le, status), data]))

/**
 * The response to command `name` in one MEI message. What follows the known fields is ignored: firmware pads.
 * Throws `WIRE_MALFORMED` where it answers another command or is too short.
 */
export const decodeAmthiResponse = <N extends AmthiName>(name: N, message: Bytes): AmthiResponse<AmthiOutput<N>> => {
  const command = commandOf(name)
  const from = new Reader(message, PROTOCOL)
  try {
    const { command: id } = header.read(from)
    if (id !== (command.id | RESPONSE_BIT) >>> 0)
      from.malformed(`command ${hex(id)} does not answer ${hex(command.id)}`)
    const status = u32le.read(from)
    return status === 0 ? { status: 0, output: command.response.read(from) } : { status }
  } catch (error) {
    if (error !== SHORT) throw error
    return from.malformed('it is shorter than its fields')
  }
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`
