import type { ApfMessageType } from '@outrider/protocols/apf'
import type { Milliseconds } from '@outrider/protocols/values'
import type { FaultSubcode } from '@outrider/protocols/wsman'

/**
 * Something that goes wrong on demand, as data: given as an option, or through the control API while the firmware
 * runs. Each holds for `times` occasions (for ever where left out) after the first `skip` of them.
 */
export type Disturbance = { readonly times?: number; readonly skip?: number } & (
  | MeiDisturbance
  | CiraDisturbance
  | WsmanDisturbance
)

/** What can go wrong with the management engine, and when; the text is for people. */
export const meiTroubles = {
  'no-driver': 'connecting: there is no device node',
  permission: 'connecting: the node may not be opened',
  'no-client': 'connecting: the engine has no such client (ENOTTY)',
  busy: 'connecting: somebody else holds it (EBUSY)',
  reset: 'a message of the host: the engine goes away with nothing done (ENODEV)',
  silence: 'a message of the host: nothing is done and nothing answered',
  'reset-after': 'a message of the engine: it goes away instead, what it was asked is done',
  'silence-after': 'a message of the engine: it is not sent, what it was asked is done',
  garbage: 'a message of the engine: noise instead',
  half: 'a message of the engine: its first half',
  status: 'a command of AMTHI: answered with `status` and nothing done',
} as const

export interface MeiDisturbance {
  readonly at: 'mei'
  /** Which client of the engine; any where left out. */
  readonly client?: 'amthi' | 'lme' | 'watchdog'
  /** Which message: a command of AMTHI by its name, e.g. `unprovision`; of LME an APF message, e.g. `channelData`. */
  readonly command?: string
  readonly what: keyof typeof meiTroubles
  readonly status?: number
}

/** What can go wrong with a tunnel. */
export const ciraTroubles = {
  refuse: 'the device does not reach the server',
  drop: 'the connection is cut',
  stall: 'nothing is sent any more, though the connection stays',
  'half-frame': 'the message under way is cut short, and the connection ended in order',
  garbage: 'what is sent from there on is noise',
} as const

export interface CiraDisturbance {
  readonly at: 'cira'
  readonly what: keyof typeof ciraTroubles
  /**
   * Where it goes wrong: in the TLS handshake, or at the message of this type the device sends, the `nth` of them
   * (the first where left out). Without a step: at once after the handshake.
   */
  readonly step?: 'tls' | ApfMessageType
  readonly nth?: number
  /** So many bytes later than that. */
  readonly afterBytes?: number
}

/** What can go wrong with one HTTP request that carries WS-MAN. */
export const wsmanTroubles = {
  'drop-before': 'the connection ends with nothing done',
  'drop-after': 'the connection ends after it was done, without an answer',
  'stall-before': 'nothing is done and nothing answered; the connection stays',
  'stall-after': 'it is done and never answered; the connection stays',
  'garbage-before': 'noise is answered, nothing done',
  'garbage-after': 'noise is answered, it is done',
  'half-answer': 'the answer is cut in its middle, it is done',
  'wrong-nonce': 'login is refused as if the nonce had run out',
  delay: 'the answer takes `milliseconds` longer',
  'http-500': 'the answer is an internal error, nothing done',
  fault: 'the answer is the SOAP fault `subcode`, nothing done',
  status: 'a method returns `status` and does nothing',
} as const

export interface WsmanDisturbance {
  readonly at: 'wsman'
  /** Class name and operation (`get`, `put`, `create`, `delete`, `enumerate`, `pull` or a method); any if left out. */
  readonly cls?: string
  readonly operation?: string
  /** Which way the request came; either where left out. */
  readonly way?: 'local' | 'tunnel'
  readonly what: keyof typeof wsmanTroubles
  readonly milliseconds?: Milliseconds
  readonly subcode?: FaultSubcode
  /** A PT_STATUS, or what the method's own table has. */
  readonly status?: number
}

const troubles = { mei: meiTroubles, cira: ciraTroubles, wsman: wsmanTroubles } as const

const texts = ['client', 'command', 'step', 'cls', 'operation', 'way', 'subcode']
const numbers = ['times', 'skip', 'nth', 'afterBytes', 'milliseconds', 'status']

/** A disturbance from outside; a text says what is wrong with it. */
export const readDisturbance = (value: unknown): Disturbance | string => {
  if (typeof value !== 'object' || value === null) return 'it is no object'
  const given = value as Readonly<Record<string, unknown>>
  const { at, what } = given
  if (at !== 'mei' && at !== 'cira' && at !== 'wsman') return 'at must be mei, cira or wsman'
  const known = Object.keys(troubles[at])
  if (typeof what !== 'string' || !known.includes(what)) return `what must be one of ${known.join(', ')}`
  for (const [name, field] of Object.entries(given)) {
    if (name === 'at' || name === 'what') continue
    if (texts.includes(name) ? typeof field !== 'string' : !(numbers.includes(name) && isCount(field)))
      return `${name} is not known, or not of its type`
  }
  return given as unknown as Disturbance
}

const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0
