import {
  type ApfMessage,
  ApfService,
  apfMessage,
  ChannelType,
  OpenFailureReason,
  TriggerReason,
} from '@outrider/protocols/apf'
import { type Bytes, Fault } from '@outrider/protocols/values'
import { decode, encode } from '@outrider/protocols/wire'
import { ApfChannel, type ChannelCarrier } from '@outrider/sessions/cira'
import { amtEnabled, type Device } from '../device.ts'
import type { Servers } from '../http/servers.ts'
import type { EngineClient, HostSide } from './engine-connection.ts'

// The engine's side of LME: APF without authentication, one message per MEI message (amt-firmware.md 3.5).

/** Ports of the local interface, without TLS and with it. */
const PLAIN_PORTS = [16992, 623]
const SECURE_PORTS = [16993, 664]
/** Firmware has eight places for channels; one is free again when both sides have closed. */
const SLOTS = 8
const WINDOW = 4096
const MAX_DATA = 4096 - 9

type Phase =
  | 'greeting'
  | 'auth'
  | 'pfwd'
  /** Ports are being asked for; the first of the list is not answered yet. */
  | { readonly asking: readonly number[] }
  | 'ready'

/** One host that speaks APF to the engine. Ends with its connection, and all its channels with it. */
export class LmeLink implements EngineClient, ChannelCarrier {
  readonly congested = false
  readonly #host: HostSide
  readonly #device: Device
  readonly #servers: Servers
  readonly #lifetime = new AbortController()
  readonly #channels = new Map<number, ApfChannel>()
  #phase: Phase = 'greeting'

  constructor(host: HostSide, device: Device, servers: Servers) {
    this.#host = host
    this.#device = device
    this.#servers = servers
  }

  receive(message: Bytes): void {
    try {
      this.#take(decode(apfMessage, message, 'APF over LME'))
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.#host.reset()
    }
  }

  closed(): void {
    this.#lifetime.abort()
    const gone = Fault.from(this.#lifetime.signal.reason)
    for (const channel of this.#channels.values()) channel.fail(gone)
    this.#channels.clear()
  }

  // --- for channels -------------------------------------------------------------------------------------------

  transmit(frame: Bytes): void {
    this.#host.send(frame)
  }

  transmitClose(peerId: number): void {
    this.#send({ type: 'channelClose', recipient: peerId })
  }

  closing(): void {}

  released(channel: ApfChannel): void {
    this.#channels.delete(channel.id)
  }

  abandoned(): void {}

  // --- messages -----------------------------------------------------------------------------------------------

  #send(message: ApfMessage): void {
    this.#host.send(encode(apfMessage, message))
  }

  #take(message: ApfMessage): void {
    switch (message.type) {
      case 'protocolVersion':
        // Hosts answer our greeting with another one of theirs: only the first counts.
        if (this.#phase !== 'greeting') return
        this.#phase = 'auth'
        this.#send({
          type: 'protocolVersion',
          major: 1,
          minor: 0,
          trigger: TriggerReason.localEngine,
          guid: this.#device.identity.uuid,
        })
        this.#send({ type: 'serviceRequest', service: ApfService.auth })
        return
      case 'serviceAccept':
        if (this.#phase === 'auth') {
          this.#phase = 'pfwd'
          this.#send({ type: 'serviceRequest', service: ApfService.portForwarding })
        } else if (this.#phase === 'pfwd') this.#ask(this.#ports())
        return
      case 'requestSuccess':
      case 'requestFailure':
        if (typeof this.#phase === 'object') this.#ask(this.#phase.asking.slice(1))
        return
      case 'channelOpen':
        this.#open(message)
        return
      case 'channelData':
        // Frames for channels long gone are ignored (amt-firmware.md 3.5).
        this.#channels.get(message.recipient)?.arrived(message.data.slice())
        return
      case 'channelWindowAdjust':
        this.#channels.get(message.recipient)?.adjusted(message.increment)
        return
      case 'channelClose':
        this.#channels.get(message.recipient)?.peerClosed()
        return
      case 'disconnect':
        this.#host.reset()
        return
      case 'keepaliveRequest':
        this.#send({ type: 'keepaliveReply', cookie: message.cookie })
        return
    }
  }

  #ask(ports: readonly number[]): void {
    const [port] = ports
    if (port === undefined) {
      this.#phase = 'ready'
      return
    }
    this.#phase = { asking: ports }
    this.#send({
      type: 'globalRequest',
      request: { name: 'tcpip-forward', wantReply: true, address: '', port },
    })
  }

  #open(message: ApfMessage & { readonly type: 'channelOpen' }): void {
    const id = this.#freeSlot()
    const reason = this.#openRefusal(message, id)
    if (reason !== undefined || id === undefined) {
      this.#send({
        type: 'channelOpenFailure',
        recipient: message.sender,
        reason: reason ?? OpenFailureReason.resourceShortage,
      })
      return
    }
    const channel = new ApfChannel(this, id, message.port, WINDOW, MAX_DATA)
    this.#channels.set(id, channel)
    this.#send({ type: 'channelOpenConfirmation', recipient: message.sender, sender: id, window: WINDOW })
    channel.opened(message.sender, message.window)
    const { web, secured } = this.#servers
    void (SECURE_PORTS.includes(message.port) ? secured : web).serve(channel, 'local', this.#lifetime.signal)
  }

  /** What is served now: without TLS, with it too, or with it alone. */
  #ports(): readonly number[] {
    const { quirks, store } = this.#device
    if (quirks.localTls === 'enforced') return SECURE_PORTS
    return store.now.settings.tls.local.enabled ? [...PLAIN_PORTS, ...SECURE_PORTS] : PLAIN_PORTS
  }

  #freeSlot(): number | undefined {
    return Array.from({ length: SLOTS }, (_, slot) => slot).find((slot) => !this.#channels.has(slot))
  }

  #openRefusal(message: ApfMessage & { readonly type: 'channelOpen' }, id: number | undefined): number | undefined {
    if (message.channelType !== ChannelType.forwardedTcpip) return OpenFailureReason.unknownChannelType
    const { volatile, clock } = this.#device
    const served = this.#ports().includes(message.port) && amtEnabled(this.#device)
    if (!served || clock.now() < volatile.localStackBackAt) return OpenFailureReason.connectFailed
    return id === undefined ? OpenFailureReason.resourceShortage : undefined
  }
}
