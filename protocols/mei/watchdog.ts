import type { Bytes } from '../values/index.ts'
import { decode, encode, flag8, type Infer, struct, u8, u32le, union } from '../wire/index.ts'

// Watchdog client, reference/rpc.md 18.1 and 18.2. A request is u8 5, u8 byte count, u8 sub-command, u8 0x10.

const PROTOCOL = 'MEI watchdog'
const CHANGE_ENABLED = 0x51
const SET_STATE = 0x53

/** What the engine says about AMT being switched on in BIOS. */
export interface ChangeToAmtEnabled {
  readonly transitionAllowed: boolean
  readonly amtEnabled: boolean
  readonly restricted: boolean
  readonly tlsEnforcedOnLocalPorts: boolean
  /** ME 16.1 and later: only then does `amtEnabled` mean anything. */
  readonly newInterface: boolean
}

const bits = {
  transitionAllowed: 0x01,
  amtEnabled: 0x02,
  restricted: 0x20,
  tlsEnforcedOnLocalPorts: 0x40,
  newInterface: 0x80,
} as const satisfies Record<keyof ChangeToAmtEnabled, number>

const subCommands = union(u8, {
  isChangeToAmtEnabled: [CHANGE_ENABLED, { version: u8 }],
  setAmtOperationalState: [SET_STATE, { version: u8, enabled: flag8 }],
})

const request = struct({ command: u8, byteCount: u8, body: subCommands })
const operationalStateReply = struct({ command: u8, byteCount: u8, subCommand: u8, version: u8, status: u32le })

export type WatchdogRequest =
  | { readonly type: 'isChangeToAmtEnabled' }
  | { readonly type: 'setAmtOperationalState'; readonly enabled: boolean }

export const encodeWatchdogRequest = (value: WatchdogRequest): Uint8Array<ArrayBuffer> => {
  const body = { version: 0x10, ...value } as Infer<typeof subCommands>
  return encode(request, { command: 5, byteCount: value.type === 'isChangeToAmtEnabled' ? 2 : 3, body })
}

/** Throws `WIRE_MALFORMED` for anything but the two commands. */
export const decodeWatchdogRequest = (message: Bytes): WatchdogRequest => {
  const { body } = decode(request, message, PROTOCOL)
  return body.type === 'isChangeToAmtEnabled' ? { type: body.type } : { type: body.type, enabled: body.enabled }
}

/** The answer is a bit mask in the first byte; 4 bytes are sent. */
export const encodeChangeToAmtEnabled = (value: ChangeToAmtEnabled): Uint8Array<ArrayBuffer> => {
  let mask = 0
  for (const [name, bit] of Object.entries(bits)) if (value[name as keyof ChangeToAmtEnabled]) mask |= bit
  return Uint8Array.of(mask, 0, 0, 0)
}

export const decodeChangeToAmtEnabled = (message: Bytes): ChangeToAmtEnabled => {
  const mask = decode(u8, message, PROTOCOL, 'ignore')
  return {
    transitionAllowed: (mask & bits.transitionAllowed) !== 0,
    amtEnabled: (mask & bits.amtEnabled) !== 0,
    restricted: (mask & bits.restricted) !== 0,
    tlsEnforcedOnLocalPorts: (mask & bits.tlsEnforcedOnLocalPorts) !== 0,
    newInterface: (mask & bits.newInterface) !== 0,
  }
}

/** The request's first four bytes again, then the status: 0 is success. */
export const encodeOperationalStateReply = (status: number): Uint8Array<ArrayBuffer> =>
  encode(operationalStateReply, { command: 5, byteCount: 3, subCommand: SET_STATE, version: 0x10, status })

export const decodeOperationalStateReply = (message: Bytes): number =>
  decode(operationalStateReply, message, PROTOCOL, 'ignore').status

/** Why the operational state may not be changed; `undefined` where it may (reference/rpc.md 18.1). */
export const operationalStateBar = (
  state: ChangeToAmtEnabled,
): 'locked' | 'tls-enforced' | 'restricted' | 'not-supported' | 'provisioned' | undefined => {
  if (state.transitionAllowed && state.newInterface && !state.restricted) return undefined
  if (state.newInterface && state.tlsEnforcedOnLocalPorts) return state.restricted ? 'locked' : 'tls-enforced'
  if (state.restricted) return 'restricted'
  return state.newInterface ? 'provisioned' : 'not-supported'
}
