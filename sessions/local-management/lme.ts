import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ApfMessage,
  ApfService,
  apfFaults,
  apfMessage,
  ChannelType,
  channelDataFrame,
  disconnectReasonName,
  OpenFailureReason,
  openFailureReasonName,
  TriggerReason,
} from '@outrider/protocols/apf'
import { type MeiConnection, type MeiPort, meiClients } from '@outrider/protocols/mei'
import { type Bytes, Fault, guid, type Milliseconds, seconds } from '@outrider/protocols/values'
import { type ByteStream, decode, encode } from '@outrider/protocols/wire'
import { ApfChannel, type ChannelCarrier, type OpenOutcome } from '../cira/channel.ts'
import { CallSignal, Waiter } from '../streams/index.ts'
import { connectPatiently, type Patience, SILENCE } from './exchange.ts'
import { localManagementFaults } from './faults.ts'

// The host's side of APF over MEI (reference/rpc.md 19). One MEI message is one APF message. The engine leads:
// it asks for services and names the ports it serves; the host then opens channels to them.

/** What the engine may send on a channel before it is granted more. */
const WINDOW = 4096
const OPEN_TIMEOUT: Milliseconds = seconds(18)
const OPEN_ATTEMPTS = 3
const OPEN_STEP: Milliseconds = 250
/** The host's channel numbers: a number comes again late, so that a late CLOSE of its last use hits nobody. */
const CHANNELS = 31
/** Messages the engine has not taken yet: from the first number on channels wait, at the second the session ends. */
const CONGESTED = 16
const OVERFLOWING = 256
/** How long the last messages of a session may take to leave. */
const GRACE: Milliseconds = seconds(1)

const DATA_HEAD = channelDataFrame(0, new Uint8Array(0)).length

const GREETING: ApfMessage = {
  type: 'protocolVersion',
  major: 1,
  minor: 0,
  trigger: TriggerReason.localHost,
  guid: guid('00000000-0000-0000-0000-000000000000'),
}

/** The engine's local ports over MEI. Disposing it closes every channel. */
export class LmeSession implements AsyncDisposable, ChannelCarrier {
  readonly #connection: MeiConnection
  readonly #patience: Patience
  readonly #ports = new Set<number>()
  readonly #channels = new Map<number, ApfChannel>()
  readonly #life = new AbortController()
  #pumping: Promise<void> = Promise.resolve()
  /** The message that was given last has been sent. */
  #sent: Promise<void> = Promise.resolve()
  #unsent = 0
  #lastChannel = 0
  #greeted = false

  private constructor(connection: MeiConnection, patience: Patience) {
    this.#connection = connection
    this.#patience = patience
  }

  /**
   * Connects and waits until the engine serves. Throws faults of `MeiPort` (`MEI_BUSY` where LMS holds it),
   * `MEI_NO_ANSWER` where it says nothing at all, and protocol faults of APF.
   */
  static async open(mei: MeiPort, patience: Patience, signal: AbortSignal): Promise<LmeSession> {
    const { pause, silence = SILENCE } = patience
    const session = new LmeSession(await connectPatiently(mei, meiClients.lme, pause, signal), patience)
    try {
      await session.#greet(silence, signal)
    } catch (error) {
      await session.#end(Fault.from(error))
      throw error
    }
    session.#pumping = session.#pump()
    return session
  }

  /** Ports the engine said it serves. A device that enforces TLS never names 16992. */
  get ports(): ReadonlySet<number> {
    return this.#ports
  }

  /** Aborted, with the fault as reason, once the session is over. */
  get signal(): AbortSignal {
    return this.#life.signal
  }

  /**
   * A channel to one of the engine's ports. Throws `LME_OPEN_REFUSED` (detail `reason`) after three refusals,
   * `LME_NO_ANSWER`, and what the session ended with.
   */
  async openLocal(port: number, signal: AbortSignal): Promise<ByteStream> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      const channel = this.#newChannel(port)
      const answer = await this.#ask(channel, signal)
      if (answer.outcome === 'opened') return channel
      const reason = openFailureReasonName(answer.reason)
      if (attempt >= OPEN_ATTEMPTS) throw localManagementFaults.LME_OPEN_REFUSED({ port, reason })
      await this.#patience.pause(OPEN_STEP, signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const channel of this.#channels.values()) channel.close()
    // The closes go out first, or the firmware keeps its slots taken; unless it no longer takes anything.
    const grace = new AbortController()
    await Promise.race([this.#sent, sleep(GRACE, undefined, { signal: grace.signal }).catch(() => {})])
    grace.abort()
    await this.#end(localManagementFaults.LME_CLOSED())
    await this.#pumping
  }

  // --- opening ------------------------------------------------------------------------------------------------

  #newChannel(port: number): ApfChannel {
    this.#life.signal.throwIfAborted()
    for (let tried = 0; tried < CHANNELS; tried++) {
      this.#lastChannel = (this.#lastChannel % CHANNELS) + 1
      if (this.#channels.has(this.#lastChannel)) continue
      const most = this.#connection.maxMessageBytes - DATA_HEAD
      const channel = new ApfChannel(this, this.#lastChannel, port, WINDOW, most)
      this.#channels.set(channel.id, channel)
      return channel
    }
    throw localManagementFaults.LME_OPEN_REFUSED({ port, reason: `all ${CHANNELS} channels are in use` })
  }

  async #ask(channel: ApfChannel, signal: AbortSignal): Promise<OpenOutcome> {
    const { opening = OPEN_TIMEOUT } = this.#patience
    using limit = new CallSignal(signal)
    limit.expect(opening, () => localManagementFaults.LME_NO_ANSWER({ port: channel.port, seconds: opening / 1000 }))
    const opener = new Waiter<OpenOutcome>(limit.signal)
    channel.opener = opener
    this.#send({
      type: 'channelOpen',
      channelType: ChannelType.forwardedTcpip,
      sender: channel.id,
      window: WINDOW,
      address: '::1',
      port: channel.port,
      originatorAddress: '::1',
      originatorPort: 123,
    })
    try {
      return await opener.promise
    } catch (error) {
      // The confirmation may still come: it is then answered with CLOSE.
      channel.close()
      throw error
    }
  }

  /**
   * Everything up to the moment the engine serves, or has said nothing more for a while. Read in order: nobody
   * else is interested yet.
   */
  async #greet(silenceMs: Milliseconds, signal: AbortSignal): Promise<void> {
    this.#send(GREETING)
    for (;;) {
      using silence = new CallSignal(signal)
      const silent = localManagementFaults.MEI_NO_ANSWER({ client: 'lme', seconds: silenceMs / 1000 })
      silence.expect(silenceMs, () => silent)
      try {
        this.#take(await this.#connection.read(silence.signal))
      } catch (error) {
        if (error === silent && this.#greeted) return
        throw error
      }
      if (this.#serves(16992, 623) || this.#serves(16993, 664)) return
    }
  }

  #serves(...ports: readonly number[]): boolean {
    return ports.every((port) => this.#ports.has(port))
  }

  // --- reading ------------------------------------------------------------------------------------------------

  async #pump(): Promise<void> {
    try {
      for (;;) this.#take(await this.#connection.read(this.#life.signal))
    } catch (error) {
      await this.#end(Fault.from(error))
    }
  }

  #take(bytes: Bytes): void {
    const message = decode(apfMessage, bytes, 'APF', 'ignore')
    switch (message.type) {
      case 'protocolVersion':
        // The field's clients answer the engine's greeting with theirs once more; the engine expects it.
        if (!this.#greeted) this.#send(GREETING)
        this.#greeted = true
        break
      case 'serviceRequest':
        if (message.service !== ApfService.auth && message.service !== ApfService.portForwarding)
          throw apfFaults.APF_UNKNOWN_SERVICE({ phase: 'local' })
        this.#send({ type: 'serviceAccept', service: message.service })
        break
      case 'globalRequest':
        this.#globalRequest(message.request)
        break
      case 'channelOpen':
        // Events the engine wants to deliver to a host service: there is none.
        this.#send({
          type: 'channelOpenFailure',
          recipient: message.sender,
          reason: OpenFailureReason.administrativelyProhibited,
        })
        break
      // Firmware sends messages for channels that are gone, and CLOSE for channel 0: nobody's.
      case 'channelOpenConfirmation': {
        const channel = this.#channels.get(message.recipient)
        channel?.opened(message.sender, message.window)
        channel?.opener?.resolve({ outcome: 'opened' })
        break
      }
      case 'channelOpenFailure': {
        const channel = this.#channels.get(message.recipient)
        this.#channels.delete(message.recipient)
        channel?.opener?.resolve({ outcome: 'refused', reason: message.reason })
        break
      }
      case 'channelData':
        this.#channels.get(message.recipient)?.arrived(message.data)
        break
      case 'channelWindowAdjust':
        this.#channels.get(message.recipient)?.adjusted(message.increment)
        break
      case 'channelClose':
        this.#channels.get(message.recipient)?.peerClosed()
        break
      case 'keepaliveRequest':
        this.#send({ type: 'keepaliveReply', cookie: message.cookie })
        break
      case 'keepaliveOptionsRequest':
        this.#send({ ...message, type: 'keepaliveOptionsReply' })
        break
      case 'disconnect':
        throw localManagementFaults.LME_DISCONNECTED({ reason: disconnectReasonName(message.reason) })
      default:
        throw apfFaults.APF_UNEXPECTED_MESSAGE({ message: message.type, phase: 'local' })
    }
  }

  #globalRequest(request: Extract<ApfMessage, { type: 'globalRequest' }>['request']): void {
    if (request.name === 'udp-send-to@amt.intel.com') return
    // Idle firmware of version 16 cancels its ports and names them again.
    if (request.name === 'tcpip-forward') this.#ports.add(request.port)
    else this.#ports.delete(request.port)
    if (!request.wantReply) return
    this.#send({ type: 'requestSuccess', port: request.name === 'tcpip-forward' ? request.port : undefined })
  }

  // --- writing, also for the channels -------------------------------------------------------------------------

  #send(message: ApfMessage): void {
    this.transmit(encode(apfMessage, message))
  }

  /** Frames leave in the order they were given. Nobody waits here: the pump must go on reading. */
  transmit(frame: Bytes): void {
    if (this.#life.signal.aborted) return
    if (this.#unsent >= OVERFLOWING) {
      void this.#end(localManagementFaults.LME_OVERFLOW())
      return
    }
    this.#unsent++
    this.#sent = this.#sent.then(() => this.#write(frame))
  }

  async #write(frame: Bytes): Promise<void> {
    try {
      if (!this.#life.signal.aborted) await this.#connection.write(frame, this.#life.signal)
    } catch (error) {
      await this.#end(Fault.from(error))
    } finally {
      this.#unsent--
    }
    if (this.#unsent === CONGESTED - 1) for (const channel of this.#channels.values()) channel.flush()
  }

  get congested(): boolean {
    return this.#unsent >= CONGESTED
  }

  transmitClose(peerId: number): void {
    this.#send({ type: 'channelClose', recipient: peerId })
  }

  closing(): void {}

  abandoned(): void {}

  released(channel: ApfChannel): void {
    this.#channels.delete(channel.id)
  }

  async #end(fault: Fault): Promise<void> {
    if (this.#life.signal.aborted) return
    this.#life.abort(fault)
    for (const channel of this.#channels.values()) channel.fail(fault)
    this.#channels.clear()
    await this.#connection.close()
  }
}
