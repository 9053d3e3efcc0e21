import type { Duplex } from 'node:stream'
import {
  type AcceptingPhase,
  type ApfMessage,
  type ApfMessageOf,
  type AuthMethod,
  accepted,
  accepting,
  apfFaults,
  apfMessage,
  ChannelType,
  DisconnectReason,
  type GlobalRequest,
  OpenFailureReason,
  openFailureReasonName,
  refused,
} from '@outrider/protocols/apf'
import {
  type Bytes,
  type EpochMilliseconds,
  type Fault,
  type Guid,
  KiB,
  type Milliseconds,
  type Secret,
} from '@outrider/protocols/values'
import { Waiter } from '../streams/index.ts'
import { ApfChannel, type Channel, type OpenOutcome } from './channel.ts'
import type { CloseReason } from './close-reason.ts'
import { ApfConnection } from './connection.ts'
import { ciraFaults } from './faults.ts'
import { landingPage } from './landing-page.ts'
import { type CiraLimits, ciraLimits } from './limits.ts'
import { Places } from './places.ts'
import type { Sweeper } from './sweeper.ts'

/** What a device says about itself, not yet believed. */
export interface CiraCredentials {
  readonly guid: Guid
  /** A `TriggerReason`: why the device connects. */
  readonly trigger: number
  readonly user: string
  /** Absent where the device presents none (method `none`), which is only asked about with `admitNone`. */
  readonly password: Secret | undefined
}

/**
 * - `accepted`     the device is who it says
 * - `refused`      wrong credentials: it may try again, as often as the limits permit
 * - `unknown`      nobody has registered it: it is sent away
 * - `unavailable`  nobody can tell at the moment: it is sent away for now
 */
export type Verdict = 'accepted' | 'refused' | 'unknown' | 'unavailable'

/** Told what happens, for events and counters. Everything is optional; nothing is waited for. */
export interface CiraObserver {
  /** A connection ended before it was a tunnel. `guid` is what it claimed to be, where it came that far. */
  rejected?(reason: CloseReason, guid: Guid | undefined): void
  opened?(session: CiraSession): void
  /** The device's list of ports is complete, or taken to be. */
  settled?(session: CiraSession): void
  ended?(session: CiraSession, reason: CloseReason): void
  channelOpened?(session: CiraSession, port: number): void
  /** The device said no; `reason` is an `OpenFailureReason`. It may be asked again. */
  channelRefused?(session: CiraSession, port: number, reason: number): void
  /** Both sides have closed it. Not told for channels that end with their session. */
  channelClosed?(session: CiraSession, port: number): void
  /** The device wanted a channel to a host behind this server and was told there is none. */
  deviceChannel?(session: CiraSession, host: string, port: number): void
  /** The device sent a datagram for a host behind this server: an alert. The data is a view, to be copied if kept. */
  datagram?(session: CiraSession, host: string, port: number, data: Bytes): void
}

export interface CiraAcceptOptions {
  readonly sweeper: Sweeper
  /**
   * Decides about a device. Nothing else is served to it before. `signal` is aborted when the connection ends.
   * Where it throws, the device is sent away as with `unavailable`.
   */
  authenticate(credentials: CiraCredentials, signal: AbortSignal): Promise<Verdict>
  /** Whether a device that presents no password is put to `authenticate` at all: one with a client certificate. */
  readonly admitNone?: boolean
  readonly limits?: CiraLimits
  readonly observe?: CiraObserver
}

/** What is needed until there is a tunnel, and let go then. */
interface Handshake {
  readonly ready: Waiter<CiraSession>
  readonly verdict: AbortController
  readonly since: Milliseconds
  bytes: number
  /** How many letters of `GET` came; all of them once it is clear that this is no browser. */
  letters: number
}

const GET = [0x47, 0x45, 0x54]
/** As existing servers number them. */
const FIRST_CHANNEL = 4
/** Devices ask for this port last. */
const LAST_PORT = 5900
/** More than any message but CHANNEL_DATA can have. */
const MAX_OTHER_MESSAGE = KiB(72)

/** One device's tunnel, from its first byte on; handed out by `acceptCira` once the device is authenticated. */
export class CiraSession extends ApfConnection {
  readonly #options: CiraAcceptOptions
  readonly #limits: CiraLimits
  #phase: AcceptingPhase = { at: 'hello' }
  #handshake: Handshake | undefined
  #connected: Milliseconds = 0
  #forwarded: Milliseconds = 0
  #settled = false
  /** What `seen` was when the device was last asked for a sign. */
  #asked: Milliseconds = -1
  #nextChannel = FIRST_CHANNEL
  #unanswered = 0
  #places: Places | undefined
  #portWaiters: Waiter<void>[] | undefined
  /** Ports the device took back: firmware may do so for a moment and offer them again. */
  #cancelled: number[] | undefined

  /** For `acceptCira`. */
  constructor(stream: Duplex, options: CiraAcceptOptions, ready: Waiter<CiraSession>) {
    const limits = options.limits ?? ciraLimits
    super(stream, options.sweeper, limits.earlyBytes)
    this.#options = options
    this.#limits = limits
    this.#handshake = { ready, verdict: new AbortController(), since: this.sweeper.now, bytes: 0, letters: 0 }
  }

  // The phase before the end is kept, so that these can be asked in `ended` and after.
  get #tunnel(): AcceptingPhase & { at: 'forwarding' } {
    if (this.#phase.at !== 'forwarding') throw new TypeError('the device is not authenticated yet')
    return this.#phase
  }

  get guid(): Guid {
    return this.#tunnel.guid
  }

  /** A `TriggerReason`: why the device connected. */
  get trigger(): number {
    return this.#tunnel.trigger
  }

  get user(): string {
    return this.#tunnel.user
  }

  /** Ports the device forwards now, in its order. */
  get ports(): readonly number[] {
    return this.#tunnel.ports
  }

  /** Whether the device's list of ports is complete, or taken to be. */
  get settled(): boolean {
    return this.#settled
  }

  get connectedAt(): EpochMilliseconds {
    return this.sweeper.timeOfDay(this.#connected)
  }

  /** When the device last sent anything, keepalives included; as exact as the sweeper's period. */
  get lastSeen(): EpochMilliseconds {
    return this.sweeper.timeOfDay(this.seen)
  }

  /**
   * Opens a channel to one of the device's ports. Waits for the device to forward the port while its list is not
   * complete, and for a free place; asks again where the device refuses for the moment. On abort nothing stays
   * open. Throws `CIRA_PORT_NOT_FORWARDED`, `CIRA_CHANNEL_REFUSED`, `CIRA_CHANNELS_BUSY`, `CIRA_CHANNEL_CLOSED`,
   * `DEVICE_DISCONNECTED`, and the signal's reason.
   */
  async openChannel(port: number, signal: AbortSignal): Promise<Channel> {
    for (const pause of this.#limits.openRetries) {
      const channel = await this.#tryOpen(port, signal)
      if (typeof channel !== 'number') return channel
      if (channel !== OpenFailureReason.connectFailed && channel !== OpenFailureReason.resourceShortage)
        throw ciraFaults.CIRA_CHANNEL_REFUSED({ port, reason: openFailureReasonName(channel) })
      await this.#pause(pause, signal)
    }
    const channel = await this.#tryOpen(port, signal)
    if (typeof channel !== 'number') return channel
    throw ciraFaults.CIRA_CHANNEL_REFUSED({ port, reason: openFailureReasonName(channel) })
  }

  /** Ends the tunnel with DISCONNECT and this `DisconnectReason`; `closed` resolves at once. */
  close(disconnect: number = DisconnectReason.byApplication): void {
    this.finish({ why: 'closed', disconnect })
  }

  [Symbol.dispose](): void {
    this.close()
  }

  // --- opening channels ---------------------------------------------------------------------------------------

  /** The channel, or the `OpenFailureReason` of the device. */
  async #tryOpen(port: number, signal: AbortSignal): Promise<Channel | number> {
    if (!(await this.#isForwarded(port, signal))) return OpenFailureReason.connectFailed
    this.#places ??= new Places(this.#limits.channels, this.#limits.waiting)
    await this.#places.take(signal)
    if (this.end !== undefined || signal.aborted) {
      this.#places.giveBack()
      signal.throwIfAborted()
    }
    this.#mustLive()
    const channel = new ApfChannel(this, this.#nextId(), port, this.#limits.window, this.#limits.chunk)
    channel.counted = true
    channel.opener = new Waiter<OpenOutcome>(signal, () => channel.close())
    this.enter(channel)
    const answer = channel.opener.promise
    this.send({
      type: 'channelOpen',
      channelType: ChannelType.forwardedTcpip,
      sender: channel.id,
      window: this.#limits.window,
      address: '',
      port,
      // The device wants to know who speaks and makes nothing of it.
      originatorAddress: '1.2.3.4',
      originatorPort: 1024 + ((channel.id - FIRST_CHANNEL) % 30_000),
    })
    const outcome = await answer
    if (outcome.outcome === 'refused') {
      this.#options.observe?.channelRefused?.(this, port, outcome.reason)
      return outcome.reason
    }
    if (signal.aborted) {
      channel.close()
      signal.throwIfAborted()
    }
    this.#options.observe?.channelOpened?.(this, port)
    return channel
  }

  #mustLive(): void {
    if (this.end !== undefined) throw this.lost(this.end)
  }

  /** `false` where the device took the port back. Throws `CIRA_PORT_NOT_FORWARDED` where it never offered it. */
  async #isForwarded(port: number, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      signal.throwIfAborted()
      this.#mustLive()
      if (this.ports.includes(port)) return true
      if (this.#cancelled?.includes(port) === true) return false
      if (this.#settled) throw ciraFaults.CIRA_PORT_NOT_FORWARDED({ port, ports: this.ports.join(', ') || 'none' })
      const waiter = this.waiter(signal)
      this.#portWaiters ??= []
      this.#portWaiters.push(waiter)
      await waiter.promise
    }
  }

  #wakePortWaiters(): void {
    const waiters = this.#portWaiters
    this.#portWaiters = undefined
    if (waiters !== undefined) for (const waiter of waiters) this.wake(waiter)
  }

  async #pause(milliseconds: Milliseconds, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#mustLive()
    const waiter = this.waiter(signal)
    const timer = setTimeout(() => this.wake(waiter), milliseconds)
    try {
      await waiter.promise
    } finally {
      clearTimeout(timer)
    }
  }

  /** Numbers go up and are not used again while they can be remembered. */
  #nextId(): number {
    const after = (id: number): number => (id === 0xffffffff ? FIRST_CHANNEL : id + 1)
    let id = this.#nextChannel
    while (this.channel(id) !== undefined) id = after(id)
    this.#nextChannel = after(id)
    return id
  }

  #uncount(channel: ApfChannel): void {
    if (!channel.counted) return
    channel.counted = false
    this.#places?.giveBack()
  }

  override abandoned(channel: ApfChannel): void {
    channel.opener = undefined
    this.#uncount(channel)
    this.#unanswered++
    if (this.#unanswered > this.#limits.unanswered)
      this.finish({ why: 'unresponsive', disconnect: DisconnectReason.timedOut })
  }

  override released(channel: ApfChannel): void {
    super.released(channel)
    this.#uncount(channel)
    this.#options.observe?.channelClosed?.(this, channel.port)
  }

  /** The channel a CHANNEL_OPEN of ours is answered for. */
  #answered(message: ApfMessageOf<'channelOpenConfirmation' | 'channelOpenFailure'>): ApfChannel {
    const channel = this.channel(message.recipient)
    if (channel === undefined || channel.answered)
      throw apfFaults.APF_UNEXPECTED_MESSAGE({ message: message.type, phase: 'channel open' })
    if (channel.state === 'closing') this.#unanswered--
    return channel
  }

  #confirmed(message: ApfMessageOf<'channelOpenConfirmation'>): void {
    const channel = this.#answered(message)
    channel.opened(message.sender, message.window)
    channel.opener?.resolve({ outcome: 'opened' })
    channel.opener = undefined
  }

  #refused(message: ApfMessageOf<'channelOpenFailure'>): void {
    const channel = this.#answered(message)
    this.drop(channel)
    this.#uncount(channel)
    channel.opener?.resolve({ outcome: 'refused', reason: message.reason })
    channel.opener = undefined
  }

  // --- messages -----------------------------------------------------------------------------------------------

  protected override admit(chunk: Bytes): boolean {
    const handshake = this.#handshake
    if (handshake === undefined) return true
    handshake.bytes += chunk.length
    const limit = this.#limits.earlyBytes
    if (handshake.bytes > limit) {
      const fault = ciraFaults.CIRA_TOO_MANY_BYTES({ limit })
      this.finish({ why: 'too-many-bytes', disconnect: DisconnectReason.protocolError, fault })
      return false
    }
    return handshake.letters === GET.length || this.#isDevice(handshake, chunk)
  }

  /** Whether the first bytes are not those of a browser. While that is open, they are kept from the parser. */
  #isDevice(handshake: Handshake, chunk: Bytes): boolean {
    for (const byte of chunk) {
      if (byte !== GET[handshake.letters]) {
        // A G that is not followed by ET is no message of APF either: the parser will say so of what follows.
        handshake.letters = GET.length
        return true
      }
      if (++handshake.letters === GET.length) {
        this.finish({ why: 'visitor', fault: ciraFaults.CIRA_VISITOR() }, landingPage)
        return false
      }
    }
    return false
  }

  protected override take(message: ApfMessage): void {
    const step = accepting(this.#phase, message)
    switch (step.do) {
      case 'serve':
        this.#serve(message)
        return
      case 'continue':
        this.#phase = step.phase
        for (const answer of step.send) this.send(answer)
        if (this.#handshake !== undefined && step.phase.at === 'forwarding') this.#established(this.#handshake)
        if (message.type === 'globalRequest') this.#portsChanged(message.request)
        return
      case 'authenticate':
        this.#phase = step.phase
        if (step.method.name === 'none' && this.#options.admitNone !== true) this.#refuse(step.phase)
        else void this.#authenticate(step.phase, step.method)
        return
      case 'ended':
        this.finish({ why: 'disconnected', disconnect: step.reason })
        return
      case 'disconnect':
        for (const answer of step.send) this.send(answer)
        this.finish({ why: 'protocol', disconnect: step.reason, fault: step.fault })
        return
    }
  }

  #serve(message: ApfMessage): void {
    if (this.serveChannel(message)) return
    switch (message.type) {
      case 'keepaliveRequest':
        this.send({ type: 'keepaliveReply', cookie: message.cookie })
        return
      case 'channelOpenConfirmation':
        this.#confirmed(message)
        return
      case 'channelOpenFailure':
        this.#refused(message)
        return
      case 'channelOpen':
        this.send({
          type: 'channelOpenFailure',
          recipient: message.sender,
          reason: OpenFailureReason.unknownChannelType,
        })
        this.#options.observe?.deviceChannel?.(this, message.address, message.port)
        return
      case 'globalRequest':
        if (message.request.name === 'udp-send-to@amt.intel.com')
          this.#options.observe?.datagram?.(this, message.request.address, message.request.port, message.request.data)
        return
      default:
      // Replies to keepalives and options: that they came is all there is to know, and it is noted already.
    }
  }

  // --- handshake ----------------------------------------------------------------------------------------------

  async #authenticate(phase: AcceptingPhase & { at: 'verdict' }, method: AuthMethod): Promise<void> {
    const handshake = this.#handshake
    if (handshake === undefined) return
    // Nothing is read while somebody else decides: what the device sends ahead stays in its socket.
    this.hold()
    try {
      const { guid, trigger, user } = phase
      const password = method.name === 'password' ? method.password : undefined
      const verdict = await this.#options.authenticate({ guid, trigger, user, password }, handshake.verdict.signal)
      this.#judged(phase, verdict)
    } catch (error) {
      const fault = ciraFaults.CIRA_VERDICT_UNAVAILABLE({ guid: phase.guid }, error)
      this.finish({ why: 'unavailable', disconnect: DisconnectReason.temporarilyUnavailable, fault })
    }
    if (this.end === undefined) this.release()
  }

  #judged(phase: AcceptingPhase & { at: 'verdict' }, verdict: Verdict): void {
    if (this.end !== undefined) return
    switch (verdict) {
      case 'accepted': {
        const next = accepted(phase)
        this.#phase = next.phase
        for (const answer of next.send) this.send(answer)
        return
      }
      case 'refused':
        this.#refuse(phase)
        return
      case 'unknown': {
        const fault = ciraFaults.CIRA_DEVICE_UNKNOWN({ guid: phase.guid })
        this.finish({ why: 'unknown-device', disconnect: DisconnectReason.hostNotAllowed, fault })
        return
      }
      case 'unavailable': {
        const fault = ciraFaults.CIRA_VERDICT_UNAVAILABLE({ guid: phase.guid })
        this.finish({ why: 'unavailable', disconnect: DisconnectReason.temporarilyUnavailable, fault })
        return
      }
    }
  }

  #refuse(phase: AcceptingPhase & { at: 'verdict' }): void {
    const next = refused(phase, this.#limits.attempts)
    this.#phase = next.phase
    for (const answer of next.send) this.send(answer)
    if (!next.last) return
    const fault = ciraFaults.CIRA_CREDENTIALS_REFUSED({ guid: phase.guid })
    this.finish({ why: 'credentials', disconnect: DisconnectReason.invalidCredentials, fault })
  }

  #established(handshake: Handshake): void {
    this.#handshake = undefined
    this.#connected = this.sweeper.now
    this.#forwarded = this.sweeper.now
    this.expect(apfMessage, Math.max(this.#limits.window + 9, MAX_OTHER_MESSAGE))
    this.#options.observe?.opened?.(this)
    handshake.ready.resolve(this)
  }

  #portsChanged(request: GlobalRequest): void {
    if (request.name === 'cancel-tcpip-forward') {
      this.#cancelled ??= []
      if (!this.#cancelled.includes(request.port)) this.#cancelled.push(request.port)
    }
    if (request.name !== 'tcpip-forward') return
    this.#forwarded = this.sweeper.now
    this.#wakePortWaiters()
    if (request.port === LAST_PORT) this.#settle()
  }

  #settle(): void {
    if (this.#settled) return
    this.#settled = true
    this.send({
      type: 'keepaliveOptionsRequest',
      interval: this.#limits.keepaliveSeconds,
      timeout: this.#limits.keepaliveTimeoutSeconds,
    })
    this.#wakePortWaiters()
    this.#options.observe?.settled?.(this)
  }

  // --- time and end -------------------------------------------------------------------------------------------

  protected override sweepLive(now: Milliseconds): void {
    const handshake = this.#handshake
    if (handshake !== undefined) {
      const milliseconds = this.#limits.handshake
      if (now - handshake.since <= milliseconds) return
      const fault = ciraFaults.CIRA_HANDSHAKE_TIMEOUT({ milliseconds })
      this.finish({ why: 'deadline', disconnect: DisconnectReason.timedOut, fault })
      return
    }
    if (!this.#settled && now - this.#forwarded >= this.#limits.settle) this.#settle()
    const quiet = now - this.seen
    if (quiet > this.#limits.idle) {
      this.finish({ why: 'idle', disconnect: DisconnectReason.timedOut })
    } else if (quiet * 2 > this.#limits.idle && this.#asked !== this.seen) {
      this.#asked = this.seen
      this.send({ type: 'keepaliveRequest', cookie: 0 })
    }
  }

  protected override lost(reason: CloseReason): Fault {
    return ciraFaults.DEVICE_DISCONNECTED({ why: reason.why }, reason.fault)
  }

  protected override ended(reason: CloseReason): void {
    this.#portWaiters = undefined
    const handshake = this.#handshake
    const observe = this.#options.observe
    if (handshake === undefined) {
      this.#places?.fail(this.lost(reason))
      observe?.ended?.(this, reason)
      return
    }
    handshake.verdict.abort()
    handshake.ready.reject(reason.fault ?? this.lost(reason))
    const phase = this.#phase
    observe?.rejected?.(reason, 'guid' in phase ? phase.guid : undefined)
  }
}

/**
 * Takes over a connection somebody made to the CIRA port, TLS already done: nobody else may read or write it any
 * more. Resolves with the session once the device is authenticated and asks for port forwarding; from then on the
 * session lives until `closed`, whatever becomes of `signal`. Everything else ends the connection and rejects:
 * `CIRA_HANDSHAKE_TIMEOUT`, `CIRA_TOO_MANY_BYTES`, `CIRA_CREDENTIALS_REFUSED`, `CIRA_DEVICE_UNKNOWN`,
 * `CIRA_VERDICT_UNAVAILABLE`, `CIRA_VISITOR`, `DEVICE_DISCONNECTED`, the `APF_` and `WIRE_` faults, and the
 * signal's reason. (reference/mps.md 1.4, 1.5)
 */
export const acceptCira = async (
  stream: Duplex,
  options: CiraAcceptOptions,
  signal: AbortSignal,
): Promise<CiraSession> => {
  if (signal.aborted) stream.destroy()
  signal.throwIfAborted()
  const ready = new Waiter<CiraSession>(signal, () => session.close())
  const session: CiraSession = new CiraSession(stream, options, ready)
  return ready.promise
}
