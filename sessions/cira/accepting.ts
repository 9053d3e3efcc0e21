import type { Duplex } from 'node:stream'
import {
  type AcceptingPhase,
  type ApfMessage,
  type AuthMethod,
  accepted,
  accepting,
  apfMessage,
  DisconnectReason,
  type GlobalRequest,
  OpenFailureReason,
  refused,
} from '@outrider/protocols/apf'
import {
  type Bytes,
  type EpochMilliseconds,
  type Fault,
  type Guid,
  KiB,
  type Milliseconds,
} from '@outrider/protocols/values'
import { wireFaults } from '@outrider/protocols/wire'
import { Waiter } from '../streams/index.ts'
import type { CiraAcceptOptions, Verdict } from './accept-options.ts'
import type { CloseReason } from './close-reason.ts'
import { ciraFaults } from './faults.ts'
import { landingPage } from './landing-page.ts'
import { type CiraLimits, ciraLimits } from './limits.ts'
import { type ChannelEvent, OpeningConnection, type PortState } from './opening.ts'

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
/** Devices ask for this port last. */
const LAST_PORT = 5900
/** Ports taken back that are remembered; firmware has seven in all. */
const MAX_CANCELLED = 32
/** More than any message but CHANNEL_DATA can have. */
const MAX_OTHER_MESSAGE = KiB(72)

/** One device's tunnel, from its first byte on; handed out by `acceptCira` once the device is authenticated. */
export class CiraSession extends OpeningConnection {
  readonly #options: CiraAcceptOptions
  readonly #limits: CiraLimits
  #phase: AcceptingPhase = { at: 'hello' }
  #handshake: Handshake | undefined
  #connected: Milliseconds = 0
  #forwarded: Milliseconds = 0
  #settled = false
  /** What `seen` was when the device was last asked for a sign. */
  #asked: Milliseconds = -1
  /** Ports the device took back: firmware may do so for a moment and offer them again. */
  #cancelled: number[] | undefined

  /** For `acceptCira`. */
  constructor(stream: Duplex, options: CiraAcceptOptions, ready: Waiter<CiraSession>) {
    const limits = options.limits ?? ciraLimits
    super(stream, options.sweeper, limits)
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
  override get ports(): readonly number[] {
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

  /** Ends the tunnel with DISCONNECT and this `DisconnectReason`; `closed` resolves at once. */
  close(disconnect: number = DisconnectReason.byApplication): void {
    this.finish({ why: 'closed', disconnect })
  }

  [Symbol.dispose](): void {
    this.close()
  }

  protected override portState(port: number): PortState {
    if (this.ports.includes(port)) return 'forwarded'
    if (this.#cancelled?.includes(port) === true) return 'cancelled'
    return this.#settled ? 'absent' : 'pending'
  }

  protected override tell(event: ChannelEvent): void {
    const observe = this.#options.observe
    switch (event.channel) {
      case 'opened':
        observe?.channelOpened?.(this, event.port)
        return
      case 'closed':
        observe?.channelClosed?.(this, event.port)
        return
      case 'refused':
        observe?.channelRefused?.(this, event.port, event.reason)
        return
    }
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
        const isDevice = handshake.letters === 0
        handshake.letters = GET.length
        if (!isDevice) {
          const fault = wireFaults.WIRE_MALFORMED({ protocol: 'APF', reason: 'it begins like a request for a page' })
          this.finish({ why: 'protocol', disconnect: DisconnectReason.protocolError, fault })
        }
        return isDevice
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
        if (message.type === 'globalRequest') this.#forwardingChanged(message.request)
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

  #forwardingChanged(request: GlobalRequest): void {
    if (request.name === 'cancel-tcpip-forward') {
      const others = (this.#cancelled ?? []).filter((port) => port !== request.port)
      this.#cancelled = [...others.slice(1 - MAX_CANCELLED), request.port]
    }
    if (request.name !== 'tcpip-forward') return
    this.#forwarded = this.sweeper.now
    this.portsChanged()
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
    this.portsChanged()
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
    const handshake = this.#handshake
    const observe = this.#options.observe
    if (handshake === undefined) {
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
