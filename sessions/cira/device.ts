import type { Duplex } from 'node:stream'
import {
  type ApfMessage,
  type ApfMessageOf,
  apfAfterCancel,
  apfMessage,
  ask,
  ChannelType,
  type Dialer,
  type DialingPhase,
  DisconnectReason,
  dialing,
  greet,
  MAX_MESSAGE,
  OpenFailureReason,
  type PortRequest,
  retryAuth,
} from '@outrider/protocols/apf'
import { type Bytes, type Fault, KiB, type Milliseconds, seconds } from '@outrider/protocols/values'
import { Waiter } from '../streams/index.ts'
import { ApfChannel, type Channel } from './channel.ts'
import type { CloseReason } from './close-reason.ts'
import { ApfConnection } from './connection.ts'
import { ciraFaults } from './faults.ts'
import type { Sweeper } from './sweeper.ts'

export interface DialOptions extends Dialer {
  readonly sweeper: Sweeper
  /**
   * Takes a channel to one of the forwarded ports, or says `false`: connect failed. What it writes before it
   * returns is sent after the confirmation.
   */
  accept(port: number, channel: Channel): boolean
  /** Channels at a time; 8 where nothing is said. */
  readonly slots?: number
  /** Bytes the server may send on one channel before it is drained; 16 KiB where nothing is said. */
  readonly window?: number
  /** Most bytes of one CHANNEL_DATA to the server; 4 KiB where nothing is said. */
  readonly chunk?: number
  /** Seconds between keepalives until the server says otherwise; 0 is none. 30 where nothing is said. */
  readonly keepaliveSeconds?: number
  /** From greeting to the answer for the last port; 60 s where nothing is said. */
  readonly handshake?: Milliseconds
  /** Times the credentials are presented; 1 where nothing is said. */
  readonly attempts?: number
}

// Firmware numbers its requests with this one cookie (reference/amt-firmware.md 11.4).
const COOKIE = 255
/** Keepalives in a row without any sign of the server after which it is taken for gone. */
const MISSED = 3

/** The device's end of a CIRA tunnel; handed out by `dialCira`. */
export class DeviceTunnel extends ApfConnection {
  readonly #options: DialOptions
  #phase: DialingPhase
  #ready: Waiter<DeviceTunnel> | undefined
  #attempts = 1
  readonly #since: Milliseconds
  #interval: Milliseconds
  #timeout: Milliseconds = 0
  #kept: Milliseconds
  #asked: Milliseconds | undefined

  /** For `dialCira`. */
  constructor(stream: Duplex, options: DialOptions, ready: Waiter<DeviceTunnel>) {
    super(stream, options.sweeper, MAX_MESSAGE)
    this.#options = options
    this.#ready = ready
    this.#since = this.sweeper.now
    this.#kept = this.sweeper.now
    this.#interval = seconds(options.keepaliveSeconds ?? 30)
    this.expect(apfMessage, MAX_MESSAGE)
    const greeting = greet(options)
    this.#phase = greeting.phase
    for (const message of greeting.send) this.send(message)
  }

  /** Ports the server has agreed to forward. */
  get ports(): readonly number[] {
    return this.#phase.at === 'forwarding' ? this.#phase.ports : []
  }

  /** Seconds between keepalives, as the server wishes. */
  get keepaliveSeconds(): number {
    return this.#interval / 1000
  }

  /** Asks for more ports, or gives some back, one request after the other. Idle firmware does both by itself. */
  request(requests: readonly PortRequest[]): void {
    if (this.#phase.at !== 'forwarding' || this.end !== undefined) return
    const step = ask(this.#phase, requests)
    this.#continue(step.phase, step.send)
  }

  /** Sends a datagram for a host behind the server: how alerts leave through the tunnel. */
  sendDatagram(address: string, port: number, data: Bytes): void {
    const request = {
      name: 'udp-send-to@amt.intel.com',
      wantReply: false,
      address,
      port,
      originatorAddress: '',
      originatorPort: port,
      data,
    } as const
    this.send({ type: 'globalRequest', request })
  }

  /** Ends the tunnel with DISCONNECT and this `DisconnectReason`; `closed` resolves at once. */
  close(disconnect: number = DisconnectReason.hostNotAllowed): void {
    this.finish({ why: 'closed', disconnect })
  }

  [Symbol.dispose](): void {
    this.close()
  }

  protected override admit(): boolean {
    return true
  }

  protected override take(message: ApfMessage): void {
    const step = dialing(this.#phase, message)
    switch (step.do) {
      case 'serve':
        this.#serve(message)
        return
      case 'continue':
        this.#continue(step.phase, step.send)
        return
      case 'refused':
        this.#phase = step.phase
        this.#refused(step.phase)
        return
      case 'ended':
        this.finish({ why: 'disconnected', disconnect: step.reason })
        return
      case 'disconnect':
        this.finish({ why: 'protocol', disconnect: step.reason, fault: step.fault })
        return
    }
  }

  #continue(phase: DialingPhase, send: readonly ApfMessage[]): void {
    this.#phase = phase
    // First what is to be expected: the answer may be here as soon as the request is out.
    const cancelling = phase.at === 'forwarding' && phase.asked[0]?.name === 'cancel-tcpip-forward'
    this.expect(cancelling ? apfAfterCancel : apfMessage, MAX_MESSAGE)
    for (const message of send) this.send(message)
    if (this.#phase.at !== 'forwarding' || this.#phase.asked.length > 0) return
    this.#ready?.resolve(this)
    this.#ready = undefined
  }

  #refused(phase: DialingPhase): void {
    if (phase.at === 'refused' && this.#attempts < (this.#options.attempts ?? 1)) {
      this.#attempts++
      const next = retryAuth(phase)
      this.#continue(next.phase, next.send)
      return
    }
    const fault = ciraFaults.CIRA_CREDENTIALS_REFUSED({ guid: this.#options.guid })
    this.finish({ why: 'credentials', fault })
  }

  #serve(message: ApfMessage): void {
    if (this.serveChannel(message)) return
    switch (message.type) {
      case 'channelOpen':
        this.#open(message)
        return
      case 'keepaliveRequest':
        this.send({ type: 'keepaliveReply', cookie: message.cookie })
        return
      case 'keepaliveReply':
        this.#asked = undefined
        return
      case 'keepaliveOptionsRequest':
        this.#interval = seconds(message.interval)
        this.#timeout = seconds(message.timeout)
        this.send({ type: 'keepaliveOptionsReply', interval: message.interval, timeout: message.timeout })
        return
      default:
      // Answers to channels this side would have opened: it opens none.
    }
  }

  #open(message: ApfMessageOf<'channelOpen'>): void {
    const { sender, port } = message
    const slot = this.#freeSlot()
    if (message.channelType !== ChannelType.forwardedTcpip) this.#decline(sender, OpenFailureReason.unknownChannelType)
    else if (!this.ports.includes(port)) this.#decline(sender, OpenFailureReason.administrativelyProhibited)
    else if (slot === undefined) this.#decline(sender, OpenFailureReason.resourceShortage)
    else {
      const window = this.#options.window ?? KiB(16)
      const channel = new ApfChannel(this, slot, port, window, this.#options.chunk ?? KiB(4))
      this.enter(channel)
      if (this.#options.accept(port, channel)) {
        this.send({ type: 'channelOpenConfirmation', recipient: sender, sender: slot, window })
        channel.opened(sender, message.window)
      } else {
        this.drop(channel)
        channel.fail(ciraFaults.CIRA_CHANNEL_CLOSED({ port, by: 'this side' }))
        this.#decline(sender, OpenFailureReason.connectFailed)
      }
    }
  }

  #decline(recipient: number, reason: number): void {
    this.send({ type: 'channelOpenFailure', recipient, reason })
  }

  #freeSlot(): number | undefined {
    const slots = this.#options.slots ?? 8
    for (let slot = 0; slot < slots; slot++) if (this.channel(slot) === undefined) return slot
    return undefined
  }

  protected override sweepLive(now: Milliseconds): void {
    const handshake = this.#options.handshake ?? seconds(60)
    if (this.#ready !== undefined && now - this.#since > handshake) {
      const fault = ciraFaults.CIRA_HANDSHAKE_TIMEOUT({ milliseconds: handshake })
      this.finish({ why: 'deadline', disconnect: DisconnectReason.timedOut, fault })
      return
    }
    if (this.#phase.at !== 'forwarding' || this.#interval === 0) return
    const silent = this.#timeout > 0 && this.#asked !== undefined && now - this.#asked > this.#timeout
    if (silent || now - this.seen > MISSED * this.#interval) {
      this.finish({ why: 'idle', disconnect: DisconnectReason.timedOut })
    } else if (now - this.#kept >= this.#interval) {
      this.#kept = now
      this.#asked ??= now
      this.send({ type: 'keepaliveRequest', cookie: COOKIE })
    }
  }

  protected override lost(reason: CloseReason): Fault {
    return ciraFaults.CIRA_SERVER_GONE({ why: reason.why }, reason.fault)
  }

  protected override ended(reason: CloseReason): void {
    this.#ready?.reject(reason.fault ?? this.lost(reason))
    this.#ready = undefined
  }
}

/**
 * The device's side of CIRA over a connection that is already up (TLS done, server checked): greets, presents
 * the credentials, asks for the ports in their order. Takes the stream over. Resolves when the server has
 * answered for the last port; channels may have been accepted before. The tunnel then lives until `closed`,
 * whatever becomes of `signal`. Rejects with `CIRA_CREDENTIALS_REFUSED`, `CIRA_HANDSHAKE_TIMEOUT`,
 * `CIRA_SERVER_GONE`, the `APF_` and `WIRE_` faults, and the signal's reason. (reference/amt-firmware.md 11.4)
 */
export const dialCira = async (stream: Duplex, options: DialOptions, signal: AbortSignal): Promise<DeviceTunnel> => {
  if (signal.aborted) stream.destroy()
  signal.throwIfAborted()
  const ready = new Waiter<DeviceTunnel>(signal, () => tunnel.close(DisconnectReason.byApplication))
  const tunnel: DeviceTunnel = new DeviceTunnel(stream, options, ready)
  return ready.promise
}
