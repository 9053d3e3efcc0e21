import { type Milliseconds, minutes, seconds } from '@outrider/protocols/values'

/** How long things take (amt-firmware.md 10.2, 11.6 and 18). All in milliseconds. */
export interface Timing {
  /** From power-on to an operating system that runs. */
  readonly boot: Milliseconds
  /** From a graceful request to a machine that is off, or ready to boot again. */
  readonly shutdown: Milliseconds
  /** How long a power cycle leaves the machine off. */
  readonly cycleOff: Milliseconds
  /** From a request for sleep to sleep. */
  readonly sleep: Milliseconds
  /** How long the local HTTP stack refuses connections after a change of control mode. */
  readonly stackRestart: Milliseconds
  /** Before each WS-MAN answer on the local interface, and through a tunnel. */
  readonly localAnswer: Milliseconds
  readonly tunnelAnswer: Milliseconds
  readonly generateKeyPair: Milliseconds
  /** From the moment a tunnel is wanted to the first attempt. */
  readonly connectDelay: Milliseconds
  /** Pauses after failed attempts; the last one repeats. */
  readonly backoff: readonly Milliseconds[]
  /** Before a tunnel that the server ended in order is tried again. */
  readonly reconnect: Milliseconds
  /** How long one attempt, from TCP to the last forwarded port, may take. */
  readonly connectDeadline: Milliseconds
  readonly keepalive: Milliseconds
  /** How long an HTTP connection may be idle. */
  readonly httpIdle: Milliseconds
  readonly nonceLife: Milliseconds
  /** Added to each refused login once `lockoutAfter` of them came within `lockoutWindow`. */
  readonly lockoutDelay: Milliseconds
  readonly lockoutAfter: number
  readonly lockoutWindow: Milliseconds
}

/** What a real machine takes, near enough. */
export const realTiming: Timing = {
  boot: seconds(5),
  shutdown: seconds(3),
  cycleOff: seconds(3),
  sleep: seconds(1),
  stackRestart: seconds(2),
  localAnswer: 40,
  tunnelAnswer: 150,
  generateKeyPair: seconds(3),
  connectDelay: seconds(2),
  backoff: [seconds(5), seconds(10), seconds(30), seconds(60)],
  reconnect: seconds(5),
  connectDeadline: seconds(30),
  keepalive: seconds(30),
  httpIdle: seconds(60),
  nonceLife: minutes(5),
  lockoutDelay: seconds(2),
  lockoutAfter: 3,
  lockoutWindow: seconds(60),
}

/**
 * No waiting of its own, for tests and measurements. Backoff stays above zero, or a server that refuses would
 * be dialled without end; a cut tunnel comes back quickly.
 */
export const zeroTiming: Timing = {
  ...realTiming,
  boot: 0,
  shutdown: 0,
  cycleOff: 0,
  sleep: 0,
  stackRestart: 0,
  localAnswer: 0,
  tunnelAnswer: 0,
  generateKeyPair: 0,
  connectDelay: 0,
  backoff: [100, 250, 500, 1000, 2000],
  reconnect: 100,
  lockoutDelay: 0,
}

/** The timing of a name with some of its values replaced. */
export const timingOf = (base: 'zero' | 'real', overrides: Partial<Timing> = {}): Timing => ({
  ...(base === 'zero' ? zeroTiming : realTiming),
  ...overrides,
})
