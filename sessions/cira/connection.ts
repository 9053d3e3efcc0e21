import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ApfMessage, apfBeforeAuth, apfMessage, DisconnectReason } from '@outrider/protocols/apf'
import { type Bytes, Fault, MiB, type Milliseconds } from '@outrider/protocols/values'
import { type Codec, encode, Framer } from '@outrider/protocols/wire'
import { plainBytes, streamFaults, Waiter } from '../streams/index.ts'
import type { ApfChannel, ChannelCarrier } from './channel.ts'
import type { CloseReason } from './close-reason.ts'
import type { Sweeper, Swept } from './sweeper.ts'

/** After the end: how long the peer has to close its side before the socket is destroyed. */
const LINGER: Milliseconds = 2000
/** How long a channel that this side closed waits for the peer's word before its place is given away. */
const CLOSE_PATIENCE: Milliseconds = 10_000
/** What may wait to be sent. Data stops long before; a peer that asks for answers and reads none ends here. */
const MAX_BACKLOG = MiB(1)

/**
 * What the two sides of an APF connection have in common: reading the stream message by message, never waiting
 * for one channel's reader; writing without filling memory; the channels; the end, at which everything that
 * waits fails at once. Ten thousand of these are alive at a time, so there is one timer for all of them, and
 * tables are made when first used.
 */
export abstract class ApfConnection implements ChannelCarrier, Swept {
  /** Resolves when the connection ended, with the reason; never rejects. */
  readonly closed: Promise<CloseReason>
  readonly #resolveClosed: (reason: CloseReason) => void
  readonly #stream: Duplex
  readonly #framer: Framer<ApfMessage>
  protected readonly sweeper: Sweeper
  #channels: Map<number, ApfChannel> | undefined
  #waiters: Set<Waiter<void>> | undefined
  #closingChannels = 0
  #held = false
  #pulling = false
  #congested = false
  #end: CloseReason | undefined
  #lingerUntil: Milliseconds = 0
  /** When anything last came, on the sweeper's clock. */
  protected seen: Milliseconds

  /** Until `expect` says otherwise, at most `earlyBytes` of a message that is not whole are kept. */
  constructor(stream: Duplex, sweeper: Sweeper, earlyBytes: number) {
    const { promise, resolve } = Promise.withResolvers<CloseReason>()
    this.closed = promise
    this.#resolveClosed = resolve
    this.#stream = stream
    this.#framer = new Framer(apfBeforeAuth, 'APF', earlyBytes)
    this.sweeper = sweeper
    // Messages are small and are answered: waiting to fill a segment costs 40 ms each time.
    if (stream instanceof Socket) stream.setNoDelay(true)
    sweeper.add(this)
    this.seen = sweeper.now
    stream.on('data', (chunk: Bytes) => this.#arrived(chunk))
    stream.on('end', () => this.#streamEnded())
    stream.on('drain', () => this.#drained())
    stream.on('error', (error) => this.#streamFailed(error))
    stream.on('close', () => this.#streamClosed())
    // It may have died before anybody listened.
    if (stream.destroyed) process.nextTick(() => this.#streamClosed())
  }

  /** Takes the next message. A fault it throws ends the connection. */
  protected abstract take(message: ApfMessage): void
  /** Sees every chunk before it is parsed; `false` keeps it from being. */
  protected abstract admit(chunk: Bytes): boolean
  /** What everybody who waits is told when the connection ends. */
  protected abstract lost(reason: CloseReason): Fault
  /** The connection has ended. Called once. */
  protected abstract ended(reason: CloseReason): void
  /** Its deadlines, once per round while it lives. */
  protected abstract sweepLive(now: Milliseconds): void

  /** The reason, once it ended. */
  get end(): CloseReason | undefined {
    return this.#end
  }

  /** Channels that are being opened, open, or being closed. */
  get channelCount(): number {
    return this.#channels?.size ?? 0
  }

  // --- reading ------------------------------------------------------------------------------------------------

  #arrived(chunk: Bytes): void {
    if (this.#end !== undefined) return
    this.seen = this.sweeper.now
    const bytes = plainBytes(chunk)
    if (!this.admit(bytes)) return
    this.#framer.push(bytes)
    this.#pull()
  }

  #pull(): void {
    if (this.#pulling) return
    this.#pulling = true
    let corked = false
    try {
      while (!this.#held && this.#end === undefined) {
        const message = this.#framer.next()
        if (message === undefined) break
        // More is here: what it is all answered with goes out as one record.
        if (!corked && this.#framer.pending > 0) {
          this.#stream.cork()
          corked = true
        }
        this.take(message)
      }
    } catch (error) {
      const fault = Fault.from(error)
      if (fault.kind === 'protocol') this.finish({ why: 'protocol', disconnect: DisconnectReason.protocolError, fault })
      else this.finish({ why: 'failed', disconnect: DisconnectReason.temporarilyUnavailable, fault })
    } finally {
      if (corked) this.#stream.uncork()
      this.#pulling = false
    }
  }

  /** Takes no further message and no further bytes until `release`. */
  protected hold(): void {
    this.#held = true
    this.#stream.pause()
  }

  protected release(): void {
    this.#held = false
    this.#pull()
    if (!this.#held && this.#end === undefined) this.#stream.resume()
  }

  /** From the next message on, reads with `codec` and keeps up to `limit` bytes of one that is not whole. */
  protected expect(codec: Codec<ApfMessage>, limit: number): void {
    this.#framer.expect(codec, limit)
  }

  // --- writing ------------------------------------------------------------------------------------------------

  protected send(message: ApfMessage): void {
    this.transmit(encode(apfMessage, message))
  }

  transmit(frame: Bytes): void {
    if (this.#end !== undefined || this.#stream.write(frame)) return
    this.#congested = true
    if (this.#stream.writableLength > MAX_BACKLOG) this.finish({ why: 'not-reading' })
  }

  get congested(): boolean {
    return this.#congested
  }

  #drained(): void {
    this.#congested = false
    if (this.#channels === undefined) return
    for (const channel of [...this.#channels.values()]) {
      channel.flush()
      if (!this.#congested) continue
      // Next time the others come first.
      if (this.#channels?.delete(channel.id) === true) this.#channels.set(channel.id, channel)
      return
    }
  }

  // --- channels -----------------------------------------------------------------------------------------------

  protected channel(id: number): ApfChannel | undefined {
    return this.#channels?.get(id)
  }

  protected enter(channel: ApfChannel): void {
    this.#channels ??= new Map()
    this.#channels.set(channel.id, channel)
  }

  protected drop(channel: ApfChannel): void {
    this.#channels?.delete(channel.id)
    if (this.#channels?.size === 0) this.#channels = undefined
  }

  transmitClose(peerId: number): void {
    this.send({ type: 'channelClose', recipient: peerId })
  }

  closing(channel: ApfChannel): void {
    channel.closingSince = this.sweeper.now
    this.#closingChannels++
  }

  released(channel: ApfChannel): void {
    if (channel.closingSince !== undefined) this.#closingChannels--
    this.drop(channel)
  }

  abandoned(_channel: ApfChannel): void {}

  /** Serves data, window and close messages; others are the subclass's. Frames for channels long gone are ignored. */
  protected serveChannel(message: ApfMessage): boolean {
    switch (message.type) {
      case 'channelData':
        this.channel(message.recipient)?.arrived(message.data)
        return true
      case 'channelWindowAdjust':
        this.channel(message.recipient)?.adjusted(message.increment)
        return true
      case 'channelClose': {
        const channel = this.channel(message.recipient)
        // Before its confirmation a channel has no other end: such a close is meant for an older one.
        if (channel?.answered === true) channel.peerClosed()
        return true
      }
      default:
        return false
    }
  }

  // --- waiting ------------------------------------------------------------------------------------------------

  /** A wait that the connection's end ends too. */
  protected waiter(signal: AbortSignal): Waiter<void> {
    this.#waiters ??= new Set()
    const waiter = new Waiter<void>(signal, (gone) => this.#waiters?.delete(gone))
    this.#waiters.add(waiter)
    return waiter
  }

  protected wake(waiter: Waiter<void>): void {
    this.#waiters?.delete(waiter)
    if (this.#waiters?.size === 0) this.#waiters = undefined
    waiter.resolve()
  }

  // --- ending -------------------------------------------------------------------------------------------------

  /**
   * Ends the connection: says DISCONNECT where the reason has one and nobody has said it yet, fails everything
   * that waits, and closes the socket once what was written is out. `last` is sent in place of DISCONNECT.
   */
  protected finish(reason: CloseReason, last?: Bytes): void {
    if (this.#end !== undefined) return
    const stream = this.#stream
    if (last !== undefined) stream.write(last)
    else if (reason.disconnect !== undefined && reason.why !== 'disconnected' && stream.writable)
      stream.write(encode(apfMessage, { type: 'disconnect', reason: reason.disconnect }))
    this.#end = reason
    // Most end idle: then there is nobody to tell, and no fault to make.
    if (this.#channels !== undefined || this.#waiters !== undefined) this.failAll(this.lost(reason))
    this.#lingerUntil = this.sweeper.now + LINGER
    // What still comes is thrown away: without a reader the end of the stream would never be seen.
    stream.resume()
    stream.end()
    this.ended(reason)
    this.#resolveClosed(reason)
  }

  protected failAll(fault: Fault): void {
    const channels = this.#channels
    const waiters = this.#waiters
    this.#channels = undefined
    this.#waiters = undefined
    this.#closingChannels = 0
    if (channels !== undefined) for (const channel of channels.values()) channel.fail(fault)
    if (waiters !== undefined) for (const waiter of waiters) waiter.reject(fault)
  }

  #streamEnded(): void {
    if (this.#end !== undefined) return
    try {
      this.#framer.end()
      this.finish({ why: 'lost' })
    } catch (error) {
      this.finish({ why: 'lost', fault: Fault.from(error) })
    }
  }

  #streamFailed(error: Error): void {
    this.finish({ why: 'lost', fault: streamFaults.STREAM_CUT({}, error) })
    this.#stream.destroy()
  }

  #streamClosed(): void {
    this.finish({ why: 'lost' })
    this.sweeper.delete(this)
  }

  sweep(now: Milliseconds): void {
    if (this.#end !== undefined) {
      if (now > this.#lingerUntil) this.#stream.destroy()
      return
    }
    if (this.#closingChannels > 0 && this.#channels !== undefined)
      for (const channel of this.#channels.values())
        if (channel.closingSince !== undefined && now - channel.closingSince > CLOSE_PATIENCE) this.released(channel)
    this.sweepLive(now)
  }
}
