import { KiB, type Milliseconds, minutes, seconds } from '@outrider/protocols/values'

/** What the accepting side permits and how long it waits. Take `ciraLimits` and change what differs. */
export interface CiraLimits {
  /** From the first byte to an authenticated tunnel. */
  readonly handshake: Milliseconds
  /** Bytes a peer may send before it is authenticated. */
  readonly earlyBytes: number
  /** USERAUTH_REQUESTs per connection, the probe for methods included. */
  readonly attempts: number
  /** A tunnel over which nothing came for so long has ended; after half of it the device is asked for a sign. */
  readonly idle: Milliseconds
  /** After the last forwarded port: when the list is taken to be complete, where 5900 did not end it. */
  readonly settle: Milliseconds
  /** What the device is told in KEEPALIVE_OPTIONS, in seconds; a timeout of 0 is none. */
  readonly keepaliveSeconds: number
  readonly keepaliveTimeoutSeconds: number
  /** Channels of one device at a time. Firmware has eight slots, and gets confused well before. */
  readonly channels: number
  /** Requests for channels that may wait for a free place. */
  readonly waiting: number
  /** Bytes the device may send on one channel before it is drained: 32 KiB to 1 MiB. */
  readonly window: number
  /** Most bytes of one CHANNEL_DATA to the device. */
  readonly chunk: number
  /** Pauses before a channel that was refused for the moment is asked for again. */
  readonly openRetries: readonly Milliseconds[]
  /** Requests for channels that were given up unanswered, before the tunnel is taken for dead. */
  readonly unanswered: number
}

// Values: reference/mps.md 1.6 and 10.
export const ciraLimits: CiraLimits = {
  handshake: seconds(10),
  earlyBytes: KiB(4),
  attempts: 3,
  idle: minutes(1.5),
  settle: seconds(1),
  keepaliveSeconds: 30,
  keepaliveTimeoutSeconds: 0,
  channels: 6,
  waiting: 64,
  window: KiB(80),
  chunk: KiB(4),
  openRetries: [50, 100, 200, 400, 800],
  unanswered: 16,
}
