import type { Duplex } from 'node:stream'
import {
  type ApfMessage,
  type ApfMessageOf,
  apfFaults,
  ChannelType,
  DisconnectReason,
  OpenFailureReason,
  openFailureReasonName,
} from '@outrider/protocols/apf'
import type { Fault, Milliseconds } from '@outrider/protocols/values'
import { Waiter } from '../streams/index.ts'
import { ApfChannel, type Channel, type OpenOutcome } from './channel.ts'
import { ApfConnection } from './connection.ts'
import { ciraFaults } from './faults.ts'
import type { CiraLimits } from './limits.ts'
import { Places } from './places.ts'
import type { Sweeper } from './sweeper.ts'

/** As existing servers number them. */
const FIRST_CHANNEL = 4
// The device wants to know who speaks and makes nothing of it.
const ORIGINATOR = '1.2.3.4'

export type ChannelEvent =
  | { readonly channel: 'opened' | 'closed'; readonly port: number }
  | { readonly channel: 'refused'; readonly port: number; readonly reason: number }

/**
 * - `forwarded`  the device takes channels to this port
 * - `pending`    it has not finished its list
 * - `cancelled`  it took the port back: firmware does so for a moment and offers it again
 * - `absent`     it never offered it
 */
export type PortState = 'forwarded' | 'pending' | 'cancelled' | 'absent'

/** The part of a connection that opens channels: as many at a time as firmware bears, and patiently. */
export abstract class OpeningConnection extends ApfConnection {
  readonly #limits: CiraLimits
  #nextChannel = FIRST_CHANNEL
  #unanswered = 0
  #places: Places | undefined
  #portWaiters: Waiter<void>[] | undefined

  constructor(stream: Duplex, sweeper: Sweeper, limits: CiraLimits) {
    super(stream, sweeper, limits.earlyBytes)
    this.#limits = limits
  }

  abstract get ports(): readonly number[]
  protected abstract portState(port: number): PortState
  protected abstract tell(event: ChannelEvent): void

  /**
   * Opens a channel to one of the device's ports. Waits for the device to forward the port while its list is not
   * complete, and for a free place; asks again where the device refuses for the moment. On abort nothing stays
   * open. Throws `CIRA_PORT_NOT_FORWARDED`, `CIRA_CHANNEL_REFUSED`, `CIRA_CHANNELS_BUSY`, `DEVICE_DISCONNECTED`,
   * and the signal's reason.
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

  /** The channel, or the `OpenFailureReason` of the device. */
  async #tryOpen(port: number, signal: AbortSignal): Promise<Channel | number> {
    if (!(await this.#isForwarded(port, signal))) return OpenFailureReason.connectFailed
    this.#places ??= new Places(this.#limits.channels, this.#limits.waiting)
    await this.#places.take(signal)
    // Between the place and this moment, either may have ended it.
    if (this.end !== undefined || signal.aborted) this.#places.giveBack()
    this.#mustLive(signal)
    const channel = new ApfChannel(this, this.#nextId(), port, this.#limits.window, this.#limits.chunk)
    const opener = new Waiter<OpenOutcome>(signal, () => channel.close())
    channel.counted = true
    channel.opener = opener
    this.enter(channel)
    this.send({
      type: 'channelOpen',
      channelType: ChannelType.forwardedTcpip,
      sender: channel.id,
      window: this.#limits.window,
      address: '',
      port,
      originatorAddress: ORIGINATOR,
      originatorPort: 1024 + ((channel.id - FIRST_CHANNEL) % 30_000),
    })
    const answer = await opener.promise
    if (answer.outcome === 'refused') return answer.reason
    if (signal.aborted) channel.close()
    signal.throwIfAborted()
    return channel
  }

  #mustLive(signal: AbortSignal): void {
    signal.throwIfAborted()
    if (this.end !== undefined) throw this.lost(this.end)
  }

  /** `false` where the device took the port back. Throws `CIRA_PORT_NOT_FORWARDED` where it never offered it. */
  async #isForwarded(port: number, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      this.#mustLive(signal)
      switch (this.portState(port)) {
        case 'forwarded':
          return true
        case 'cancelled':
          return false
        case 'absent':
          throw ciraFaults.CIRA_PORT_NOT_FORWARDED({ port, ports: this.ports.join(', ') || 'none' })
        case 'pending': {
          const waiter = this.waiter(signal)
          this.#portWaiters ??= []
          this.#portWaiters.push(waiter)
          await waiter.promise
        }
      }
    }
  }

  /** Who waits for a port looks again. */
  protected portsChanged(): void {
    const waiters = this.#portWaiters
    this.#portWaiters = undefined
    if (waiters !== undefined) for (const waiter of waiters) this.wake(waiter)
  }

  async #pause(milliseconds: Milliseconds, signal: AbortSignal): Promise<void> {
    this.#mustLive(signal)
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
    this.tell({ channel: 'closed', port: channel.port })
  }

  protected override serveChannel(message: ApfMessage): boolean {
    switch (message.type) {
      case 'channelOpenConfirmation':
        this.#confirmed(message)
        return true
      case 'channelOpenFailure':
        this.#refused(message)
        return true
      default:
        return super.serveChannel(message)
    }
  }

  /** The channel whose CHANNEL_OPEN is answered. Throws `APF_UNEXPECTED_MESSAGE` where none is open. */
  #answered(message: ApfMessageOf<'channelOpenConfirmation' | 'channelOpenFailure'>): ApfChannel {
    const channel = this.channel(message.recipient)
    if (channel === undefined || channel.answered)
      throw apfFaults.APF_UNEXPECTED_MESSAGE({ message: message.type, phase: 'channel open' })
    if (channel.state === 'closing') this.#unanswered--
    return channel
  }

  #confirmed(message: ApfMessageOf<'channelOpenConfirmation'>): void {
    const channel = this.#answered(message)
    this.tell({ channel: 'opened', port: channel.port })
    channel.opened(message.sender, message.window)
    channel.opener?.resolve({ outcome: 'opened' })
    channel.opener = undefined
  }

  #refused(message: ApfMessageOf<'channelOpenFailure'>): void {
    const channel = this.#answered(message)
    this.drop(channel)
    this.#uncount(channel)
    this.tell({ channel: 'refused', port: channel.port, reason: message.reason })
    channel.opener?.resolve({ outcome: 'refused', reason: message.reason })
    channel.opener = undefined
  }

  protected override failAll(fault: Fault): void {
    super.failAll(fault)
    this.#portWaiters = undefined
    this.#places?.fail(fault)
  }
}
