import {
  channelDataFrame,
  channelWindowAdjustFrame,
  credited,
  drained,
  openWindow,
  portion,
  type ReceiveWindow,
  received,
} from '@outrider/protocols/apf'
import type { Bytes, Fault, Milliseconds } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'
import { ChunkQueue } from '../streams/chunk-queue.ts'
import { Waiter } from '../streams/index.ts'
import { ciraFaults } from './faults.ts'

/**
 * A channel of an APF connection as its user sees it. `read` resolves `undefined` once the peer closed the
 * channel in order and everything was read. Reads and writes reject with `CIRA_CHANNEL_CLOSED` after this side
 * closed it, writes also after the peer did, and with `DEVICE_DISCONNECTED` (on the device's side
 * `CIRA_SERVER_GONE`) as soon as the connection ends.
 */
export interface Channel extends ByteStream {
  /** Port of the device this channel leads to. */
  readonly port: number
  /** This side's number for it, unique among the open channels of the connection. */
  readonly id: number
  /** Whether it can still carry anything. */
  readonly open: boolean
}

/** What a channel needs of the connection it is part of. */
export interface ChannelCarrier {
  /** Whether the connection has to drain before more data is given to it. */
  readonly congested: boolean
  /** Gives one whole message to the connection. */
  transmit(frame: Bytes): void
  /** Says CHANNEL_CLOSE; a channel asks for it once in its life. */
  transmitClose(peerId: number): void
  /** This side closed the channel and waits for the peer's word. */
  closing(channel: ApfChannel): void
  /** This side gave the channel up before the peer answered the CHANNEL_OPEN. */
  abandoned(channel: ApfChannel): void
  /** Both sides have closed the channel: its number is free. */
  released(channel: ApfChannel): void
}

export type OpenOutcome = { readonly outcome: 'opened' } | { readonly outcome: 'refused'; readonly reason: number }

interface PendingWrite {
  readonly bytes: Bytes
  at: number
  readonly waiter: Waiter<void>
}

/** Both ends of a channel are made of this; the connections around it differ in who opens and who numbers. */
export class ApfChannel implements Channel {
  readonly id: number
  readonly port: number
  readonly #carrier: ChannelCarrier
  readonly #maxData: number
  readonly #queue = new ChunkQueue()
  #receive: ReceiveWindow
  #answered = false
  #peerId = 0
  #credit = 0
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  /** Why nothing more comes, made into a fault only where somebody is told: most channels just end. */
  #end: Fault | 'this side' | 'the other end' | undefined
  #reader: Waiter<Bytes | undefined> | undefined
  #writes: PendingWrite[] = []
  #pushing = false
  /** Who waits for the peer's answer to the CHANNEL_OPEN. */
  opener: Waiter<OpenOutcome> | undefined
  /** When this side said CHANNEL_CLOSE, where it waits for the peer's. */
  closingSince: Milliseconds | undefined
  /** Whether it counts among the channels that are in use. */
  counted = false

  /** `window` is what the peer is told it may send, `maxData` the most bytes one CHANNEL_DATA to it carries. */
  constructor(carrier: ChannelCarrier, id: number, port: number, window: number, maxData: number) {
    this.#carrier = carrier
    this.id = id
    this.port = port
    this.#receive = openWindow(window)
    this.#maxData = maxData
  }

  get state(): 'opening' | 'open' | 'closing' | 'closed' {
    return this.#state
  }

  /** Whether the peer has said yes to the CHANNEL_OPEN. */
  get answered(): boolean {
    return this.#answered
  }

  get open(): boolean {
    return this.#state === 'open'
  }

  /** Bytes that came and were not read yet: never more than the window. */
  get unread(): number {
    return this.#queue.length
  }

  async read(signal: AbortSignal): Promise<Bytes | undefined> {
    signal.throwIfAborted()
    const chunk = this.#queue.shift()
    if (chunk !== undefined) {
      this.#drained(chunk.length)
      return chunk
    }
    if (this.#end === 'the other end') return undefined
    if (this.#end !== undefined) throw this.#fault(this.#end)
    if (this.#reader !== undefined) throw new TypeError('one read may be outstanding')
    this.#reader = new Waiter(signal, () => {
      this.#reader = undefined
    })
    return this.#reader.promise
  }

  async write(bytes: Bytes, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#end !== undefined) throw this.#fault(this.#end)
    let at = 0
    if (this.#writes.length === 0) at = this.#push(bytes, 0)
    if (at === bytes.length) return
    // Sending may have ended the connection.
    if (this.#end !== undefined) throw this.#fault(this.#end)
    const waiter = new Waiter<void>(signal, (gone) => {
      this.#writes = this.#writes.filter((write) => write.waiter !== gone)
    })
    this.#writes.push({ bytes, at, waiter })
    return waiter.promise
  }

  close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') {
      // The peer was faster: what it sent before is not wanted any more.
      if (this.#end === 'the other end') this.#giveUp('this side')
      return
    }
    const wasOpen = this.#state === 'open'
    this.#state = 'closing'
    this.#giveUp('this side')
    if (wasOpen) this.#sayClose()
    else this.#carrier.abandoned(this)
  }

  // --- for the connection -------------------------------------------------------------------------------------

  /** The peer's half is known. Where this side closed in the meantime, the peer is told. */
  opened(peerId: number, credit: number): void {
    this.#answered = true
    this.#peerId = peerId
    this.#credit = credit
    if (this.#state === 'closing') {
      this.#sayClose()
      return
    }
    this.#state = 'open'
    this.flush()
  }

  /** Data came. Throws `APF_WINDOW_OVERRUN`. */
  arrived(data: Bytes): void {
    this.#receive = received(this.#receive, data.length)
    if (this.#state === 'closing' || data.length === 0) return
    const reader = this.#reader
    if (reader === undefined) {
      this.#queue.push(data)
      return
    }
    this.#reader = undefined
    this.#drained(data.length)
    reader.resolve(data)
  }

  /** The peer takes `increment` bytes more. Throws `APF_WINDOW_OVERFLOW`. */
  adjusted(increment: number): void {
    this.#credit = credited(this.#credit, increment)
    this.flush()
  }

  /** The peer closed: answered once, unless this side has said it already. */
  peerClosed(): void {
    if (this.#state === 'closed') return
    const answer = this.#state === 'open'
    this.#state = 'closed'
    this.#end ??= 'the other end'
    if (answer) this.#carrier.transmitClose(this.#peerId)
    this.#reader?.resolve(undefined)
    this.#reader = undefined
    this.#failWrites(this.#end)
    this.#carrier.released(this)
  }

  /** Nothing will come of it any more: the connection ended, or the peer never opened it. */
  fail(fault: Fault): void {
    this.#state = 'closed'
    this.#giveUp(this.#end === 'this side' ? 'this side' : fault)
    this.opener?.reject(fault)
    this.opener = undefined
  }

  /** Sends of what waits as much as the window and the connection take. */
  flush(): void {
    // The peer's answer to what is being sent right now may come before the sending returns.
    while (this.#state === 'open' && !this.#pushing) {
      const write = this.#writes[0]
      if (write === undefined) return
      write.at = this.#push(write.bytes, write.at)
      if (write.at < write.bytes.length) return
      // The connection may have ended while it was pushed; then the list is empty already.
      if (this.#writes[0] === write) this.#writes.shift()
      write.waiter.resolve()
    }
  }

  /** Sends from `at` on and returns up to where. */
  #push(bytes: Bytes, from: number): number {
    let at = from
    this.#pushing = true
    while (at < bytes.length && this.#state === 'open' && !this.#carrier.congested) {
      const count = portion(bytes.length - at, this.#credit, this.#maxData)
      if (count === 0) break
      this.#credit -= count
      this.#carrier.transmit(channelDataFrame(this.#peerId, bytes.subarray(at, at + count)))
      at += count
    }
    this.#pushing = false
    return at
  }

  #drained(bytes: number): void {
    const [window, grant] = drained(this.#receive, bytes)
    this.#receive = window
    if (grant > 0 && this.#state === 'open') this.#carrier.transmit(channelWindowAdjustFrame(this.#peerId, grant))
  }

  #sayClose(): void {
    this.#carrier.closing(this)
    this.#carrier.transmitClose(this.#peerId)
  }

  #giveUp(end: Fault | 'this side'): void {
    this.#end = end
    this.#queue.clear()
    this.#reader?.reject(this.#fault(end))
    this.#reader = undefined
    this.#failWrites(end)
  }

  #failWrites(end: Fault | 'this side' | 'the other end'): void {
    if (this.#writes.length === 0) return
    const writes = this.#writes
    this.#writes = []
    for (const { waiter } of writes) waiter.reject(this.#fault(end))
  }

  #fault(end: Fault | 'this side' | 'the other end'): Fault {
    return typeof end === 'string' ? ciraFaults.CIRA_CHANNEL_CLOSED({ port: this.port, by: end }) : end
  }
}
