// For the tests beside it: both sides on one duplex in memory, and a device whose every message is written by hand.

import { type Duplex, duplexPair } from 'node:stream'
import { type ApfMessage, apfMessage, MAX_MESSAGE, TriggerReason } from '@outrider/protocols/apf'
import { type Bytes, concat, guid, type Milliseconds, secret } from '@outrider/protocols/values'
import { encode, Framer } from '@outrider/protocols/wire'
import { Waiter } from '../streams/index.ts'
import {
  acceptCira,
  type Channel,
  type CiraAcceptOptions,
  type CiraSession,
  type DeviceTunnel,
  type DialOptions,
  dialCira,
  Sweeper,
} from './index.ts'

export const DEVICE = guid('d12428be-9fa1-4226-9784-54b2038beab6')
export const deadline = (): AbortSignal => AbortSignal.timeout(10_000)

/** Lets everything that is under way in memory arrive. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Resolves once `condition` holds; rejects where it never does. */
export const until = async (condition: () => boolean): Promise<void> => {
  const signal = deadline()
  while (!condition()) {
    signal.throwIfAborted()
    await turn()
  }
}

/** A clock that stands until it is moved. */
export class HandClock {
  #now: Milliseconds = 1000
  readonly sweeper = new Sweeper({ period: 1_000_000, clock: () => this.#now })

  /** Moves on and has everybody look at their deadlines. */
  pass(milliseconds: Milliseconds): void {
    this.#now += milliseconds
    this.sweeper.tick()
  }
}

export const acceptOptions = (sweeper: Sweeper, more: Partial<CiraAcceptOptions> = {}): CiraAcceptOptions => ({
  sweeper,
  authenticate: async ({ user, password }) =>
    user === 'admin' && password?.reveal() === 'P@ssw0rd' ? 'accepted' : 'refused',
  ...more,
})

export const dialOptions = (sweeper: Sweeper, more: Partial<DialOptions> = {}): DialOptions => ({
  sweeper,
  guid: DEVICE,
  trigger: TriggerReason.periodic,
  user: 'admin',
  password: secret('P@ssw0rd'),
  ports: [16993, 16992, 623, 16994, 5900],
  address: '',
  accept: (_port, channel) => {
    void echo(channel)
    return true
  },
  ...more,
})

/** Sends back what comes until the channel ends. */
export const echo = async (channel: Channel): Promise<void> => {
  const signal = deadline()
  try {
    for (let chunk = await channel.read(signal); chunk !== undefined; chunk = await channel.read(signal))
      await channel.write(chunk, signal)
    channel.close()
  } catch {
    // The channel or its connection ended in the middle, which some tests want.
  }
}

export interface Joined {
  readonly session: CiraSession
  readonly tunnel: DeviceTunnel
  /** The session's end and the device's end of what is between them. */
  readonly near: Duplex
  readonly far: Duplex
}

export const joined = async (
  sweeper: Sweeper,
  accept: Partial<CiraAcceptOptions> = {},
  dial: Partial<DialOptions> = {},
): Promise<Joined> => {
  const [far, near] = duplexPair()
  const [session, tunnel] = await Promise.all([
    acceptCira(near, acceptOptions(sweeper, accept), deadline()),
    dialCira(far, dialOptions(sweeper, dial), deadline()),
  ])
  return { session, tunnel, near, far }
}

/** Reads all of a channel up to its end, or up to `length` bytes. */
export const readAll = async (channel: Channel, length = Number.POSITIVE_INFINITY): Promise<Bytes> => {
  const parts: Bytes[] = []
  let have = 0
  while (have < length) {
    const chunk = await channel.read(deadline())
    if (chunk === undefined) break
    parts.push(chunk)
    have += chunk.length
  }
  return concat(parts)
}

export const greeting: readonly ApfMessage[] = [
  { type: 'protocolVersion', major: 1, minor: 0, trigger: TriggerReason.userInitiated, guid: DEVICE },
  { type: 'serviceRequest', service: 'auth@amt.intel.com' },
]
export const authRequest = (password: string | undefined): ApfMessage => ({
  type: 'userauthRequest',
  user: 'admin',
  service: 'pfwd@amt.intel.com',
  method: password === undefined ? { name: 'none' } : { name: 'password', password: secret(password) },
})
export const portForwarding: ApfMessage = { type: 'serviceRequest', service: 'pfwd@amt.intel.com' }
export const forward = (port: number): ApfMessage => ({
  type: 'globalRequest',
  request: { name: 'tcpip-forward', wantReply: true, address: '', port },
})

export const frame = (...messages: readonly ApfMessage[]): Bytes =>
  concat(messages.map((message) => encode(apfMessage, message)))

/** A device made of single messages: what it sends and what it is sent. */
export class RawDevice {
  readonly #stream: Duplex
  readonly #framer = new Framer(apfMessage, 'APF', MAX_MESSAGE)
  readonly #messages: ApfMessage[] = []
  #waiter: Waiter<ApfMessage> | undefined
  #raw: Bytes[] = []
  /** Resolves when the server has ended its side. */
  readonly ended: Promise<void>

  constructor(stream: Duplex) {
    this.#stream = stream
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    stream.on('data', (chunk: Bytes) => {
      this.#raw.push(chunk)
      this.#framer.push(chunk)
      for (let message = this.#framer.next(); message !== undefined; message = this.#framer.next()) this.#take(message)
    })
    stream.on('end', () => {
      resolve()
      stream.end()
    })
    stream.on('error', () => {})
    stream.on('close', () => resolve())
  }

  #take(message: ApfMessage): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    if (waiter === undefined) this.#messages.push(message)
    else waiter.resolve(message)
  }

  send(...messages: readonly ApfMessage[]): void {
    this.#stream.write(frame(...messages))
  }

  write(bytes: Bytes): void {
    this.#stream.write(bytes)
  }

  cut(): void {
    this.#stream.destroy()
  }

  end(): void {
    this.#stream.end()
  }

  /** The next message of the server. */
  async next(): Promise<ApfMessage> {
    const message = this.#messages.shift()
    if (message !== undefined) return message
    this.#waiter = new Waiter(deadline())
    return this.#waiter.promise
  }

  /** What came and was not asked for yet. */
  get unread(): readonly ApfMessage[] {
    return this.#messages
  }

  /** All bytes of the server so far. */
  get raw(): Bytes {
    return concat(this.#raw)
  }
}

/** A tunnel whose device end is written by hand, its handshake done and answered. */
export const rawTunnel = async (
  sweeper: Sweeper,
  accept: Partial<CiraAcceptOptions> = {},
  ports: readonly number[] = [16992, 5900],
): Promise<{
  readonly session: CiraSession
  readonly device: RawDevice
  readonly near: Duplex
  readonly far: Duplex
}> => {
  const [far, near] = duplexPair()
  const device = new RawDevice(far)
  device.send(...greeting, authRequest('P@ssw0rd'), portForwarding, ...ports.map(forward))
  const session = await acceptCira(near, acceptOptions(sweeper, accept), deadline())
  const answers = 3 + ports.length + (ports.includes(5900) ? 1 : 0)
  for (let count = 0; count < answers; count++) await device.next()
  return { session, device, near, far }
}
