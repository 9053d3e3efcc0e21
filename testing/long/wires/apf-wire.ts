import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type TLSSocket } from 'node:tls'
import { type ApfMessage, apfMessage } from '@outrider/protocols/apf'
import { type Bytes, concat } from '@outrider/protocols/values'
import { encode, Framer } from '@outrider/protocols/wire'
import type { Noise } from '../noise.ts'
import { StepWatch, type Trouble } from './step-watch.ts'
import { deaf, type Tap } from './tap.ts'

const LONGEST = 1 << 21

/**
 * Stands between firmware and MPS and reads along: it has the certificate of MPS, so that the firmware takes it
 * for the server. Steps are the APF messages, `up` those of the device.
 */
export class ApfWire implements AsyncDisposable {
  readonly up = new StepWatch()
  readonly down = new StepWatch()
  readonly #listener: Server
  readonly #noise: Noise
  readonly #sockets = new Set<TLSSocket>()
  /** Hears what passes: `apf up`, `apf down`. */
  tap: Tap = deaf

  private constructor(listener: Server, noise: Noise) {
    this.#listener = listener
    this.#noise = noise
  }

  static async open(
    target: number,
    identity: { readonly key: string; readonly cert: string },
    noise: Noise,
  ): Promise<ApfWire> {
    const listener = createServer({ key: identity.key, cert: identity.cert })
    const wire = new ApfWire(listener, noise)
    listener.on('secureConnection', (device) => wire.#join(device, target, identity.cert))
    listener.on('tlsClientError', (_error, socket) => socket.destroy())
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    return wire
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#sockets.size / 2
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#listener.close(resolve))
  }

  #join(device: TLSSocket, target: number, ca: string): void {
    const server = connect({ host: '127.0.0.1', port: target, ca, servername: 'localhost' })
    const state = { stalled: false }
    for (const [from, to, watch, kind] of [
      [device, server, this.up, 'apf up'],
      [server, device, this.down, 'apf down'],
    ] as const) {
      this.#sockets.add(from)
      const relay = new Relay(from, to, watch, state, this.#noise, (frame) => this.tap(kind, frame))
      from.on('data', (chunk: Buffer) => relay.pass(chunk))
      from.on('error', () => undefined)
      from.on('end', () => {
        if (!state.stalled) to.end()
      })
      from.on('close', () => {
        this.#sockets.delete(from)
        // Also where nothing passes any more: whoever gave up is what tells the other.
        to.destroy()
      })
    }
  }
}

/** One direction of one connection. */
class Relay {
  readonly #from: TLSSocket
  readonly #to: TLSSocket
  readonly #watch: StepWatch
  readonly #state: { stalled: boolean }
  readonly #noise: Noise
  readonly #heard: (frame: Bytes) => void
  readonly #framer = new Framer<ApfMessage>(apfMessage, 'APF', LONGEST)
  /** After noise there are no messages any more: the rest passes as it comes. */
  #lost = false

  constructor(
    from: TLSSocket,
    to: TLSSocket,
    watch: StepWatch,
    state: { stalled: boolean },
    noise: Noise,
    heard: (frame: Bytes) => void,
  ) {
    this.#from = from
    this.#to = to
    this.#watch = watch
    this.#state = state
    this.#noise = noise
    this.#heard = heard
  }

  pass(chunk: Bytes): void {
    if (this.#state.stalled) return
    if (this.#lost) {
      this.#to.write(chunk)
      return
    }
    this.#framer.push(new Uint8Array(chunk))
    const out: Bytes[] = []
    for (;;) {
      const message = this.#framer.next()
      if (message === undefined) break
      const frame = encode(apfMessage, message)
      this.#heard(frame)
      const trouble = this.#watch.meet(nameOf(message))
      if (trouble === undefined) {
        out.push(frame)
        continue
      }
      this.#disturb(trouble, message, frame, out)
      return
    }
    if (out.length > 0) this.#to.write(concat(out))
  }

  #disturb(trouble: Trouble, message: ApfMessage, frame: Bytes, before: Bytes[]): void {
    const [from, to] = [this.#from, this.#to]
    switch (trouble) {
      case 'drop':
        to.write(concat(before), () => {
          to.destroy()
          from.destroy()
        })
        return
      case 'stall':
        this.#state.stalled = true
        if (before.length > 0) to.write(concat(before))
        return
      case 'garbage':
        this.#lost = true
        to.write(concat([...before, this.#noise.bytes(Math.max(frame.length, 64))]))
        return
      case 'half':
        to.end(concat([...before, frame.subarray(0, Math.max(1, frame.length >> 1))]))
        return
      case 'refuse':
        to.write(concat([...before, encode(apfMessage, refusalOf(message))]))
        return
    }
  }
}

const nameOf = (message: ApfMessage): string => {
  switch (message.type) {
    case 'serviceRequest':
    case 'serviceAccept':
      return `${message.type}(${message.service})`
    case 'userauthRequest':
      return `${message.type}(${message.method.name})`
    case 'globalRequest':
      return `${message.request.name}(${message.request.port})`
    default:
      return message.type
  }
}

/** What stands for a refusal of this message. */
const refusalOf = (message: ApfMessage): ApfMessage => {
  switch (message.type) {
    case 'channelOpenConfirmation':
      return { type: 'channelOpenFailure', recipient: message.recipient, reason: 4 }
    case 'userauthSuccess':
      return { type: 'userauthFailure', methods: 'password', partialSuccess: false }
    case 'channelData':
    case 'channelWindowAdjust':
      return { type: 'channelClose', recipient: message.recipient }
    default:
      return { type: 'disconnect', reason: 11 }
  }
}
