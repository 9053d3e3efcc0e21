import {
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
} from '@outrider/protocols/rps'
import { type Bytes, secret, text, utf8 } from '@outrider/protocols/values'
import { writeUnauthorized } from '@outrider/protocols/wsman'
import { type DialRps, dialRps, type RpsSocket } from '@outrider/rpc'
import type { Noise } from '../noise.ts'
import { StepWatch, type Trouble } from './step-watch.ts'
import { deaf, type Tap } from './tap.ts'
import type { TcpWire } from './tcp-wire.ts'

/**
 * Stands between RPC and RPS. `frames` are the messages of their protocol, by `up` or `down` and name; `relay` the
 * WS-MAN calls carried in them, by class and action, where the answer goes wrong after the device gave it.
 */
export class RpsWire {
  readonly frames = new StepWatch()
  readonly relay = new StepWatch()
  readonly #tcp: TcpWire
  readonly #noise: Noise
  #open = 0
  /** Hears what passes: `rps client`, `rps server`, and within them `http request`, `http response`. */
  tap: Tap = deaf

  constructor(tcp: TcpWire, noise: Noise) {
    this.#tcp = tcp
    this.#noise = noise
  }

  /** WebSockets that were opened and not disposed of yet. */
  get open(): number {
    return this.#open
  }

  readonly dial: DialRps = async (target, signal) => {
    const url = new URL(target.url)
    url.port = String(this.#tcp.port)
    const inner = await dialRps({ ...target, url: url.href }, signal)
    this.#open++
    return new DisturbedSocket(inner, this, this.#tcp, this.#noise, () => this.#open--)
  }
}

class DisturbedSocket implements RpsSocket {
  readonly #inner: RpsSocket
  readonly #wire: RpsWire
  readonly #tcp: TcpWire
  readonly #noise: Noise
  readonly #closed: () => void
  /** WS-MAN calls that were passed on and not answered yet. */
  readonly #calls: string[] = []

  constructor(inner: RpsSocket, wire: RpsWire, tcp: TcpWire, noise: Noise, closed: () => void) {
    this.#inner = inner
    this.#wire = wire
    this.#tcp = tcp
    this.#noise = noise
    this.#closed = closed
  }

  async send(frame: Bytes, signal: AbortSignal): Promise<void> {
    const { message } = decodeClientMessage(frame)
    this.#wire.tap('rps client', frame)
    if (message.type === 'response') this.#wire.tap('http response', message.payload)
    const call = message.type === 'response' || message.type === 'connection_reset' ? this.#calls.shift() : undefined
    if (call !== undefined) {
      const challenged = message.type === 'response' && text(message.payload.subarray(0, 12)) === 'HTTP/1.1 401'
      const trouble = this.#wire.relay.meet(challenged ? `${call} challenged` : call)
      if (trouble !== undefined) return this.#answerBadly(trouble, message, signal)
    }
    const trouble = this.#wire.frames.meet(`up ${message.type}`)
    const sent = trouble === undefined ? frame : this.#disturb(trouble, frame, () => refusedByClient(frame))
    if (sent !== undefined) await this.#inner.send(sent, signal)
    if (trouble === 'half') this.#tcp.cut()
  }

  async receive(signal: AbortSignal): Promise<Bytes | undefined> {
    const frame = await this.#inner.receive(signal)
    if (frame === undefined) return undefined
    const message = decodeServerMessage(frame)
    this.#wire.tap('rps server', frame)
    if (message.type === 'wsman') this.#wire.tap('http request', message.payload)
    if (message.type === 'wsman') this.#calls.push(callOf(message.payload))
    const trouble = this.#wire.frames.meet(`down ${message.type}`)
    if (trouble === undefined) return frame
    const given = this.#disturb(trouble, frame, refusedByServer)
    if (given !== undefined) return given
    // Cut or stalled: what comes then is for the socket to say.
    return this.#inner.receive(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
    this.#closed()
  }

  #disturb(trouble: Trouble, frame: Bytes, refused: () => Bytes): Bytes | undefined {
    switch (trouble) {
      case 'drop':
        this.#tcp.cut()
        return undefined
      case 'stall':
        this.#tcp.stall()
        return undefined
      case 'garbage':
        return utf8(String.fromCharCode(...this.#noise.bytes(Math.min(frame.length, 4000))))
      case 'half':
        return frame.subarray(0, frame.length >> 1)
      case 'refuse':
        return refused()
    }
  }

  /** The answer of the device reaches RPC, and RPS learns nothing of it, or something else. */
  async #answerBadly(
    trouble: Trouble,
    message: ReturnType<typeof decodeClientMessage>['message'],
    signal: AbortSignal,
  ): Promise<void> {
    const answer = (payload: Bytes): Promise<void> =>
      this.#inner.send(encodeClientMessage({ type: 'response', payload }, '3'), signal)
    const payload = message.type === 'response' ? message.payload : new Uint8Array(0)
    switch (trouble) {
      case 'drop':
        return this.#inner.send(encodeClientMessage({ type: 'connection_reset', reason: 'lms_error' }, '3'), signal)
      case 'stall':
        return
      case 'garbage':
        return answer(this.#noise.bytes(Math.max(payload.length, 16)))
      case 'half':
        return answer(payload.subarray(0, payload.length >> 1))
      case 'refuse':
        return answer(
          writeUnauthorized({
            challenge:
              'Digest realm="Digest:00000000000000000000000000000000", nonce="AAAAAAAA", stale="false", qop="auth"',
            server: 'AMT',
          }),
        )
    }
  }
}

/** The client presents something that admits nobody. */
const refusedByClient = (frame: Bytes): Bytes => {
  const { message } = decodeClientMessage(frame)
  const word = 'abcdefghijkmnpqrstuvwxyz23456789'
  if (message.type !== 'command') return encodeClientMessage({ type: 'connection_reset', reason: 'lms_error' }, '3')
  const { command } = message
  const wrong = command.verb === 'activate' ? { ...command, profile: word } : { ...command, password: secret(word) }
  return encodeClientMessage({ ...message, command: wrong, device: { ...message.device, password: secret(word) } }, '3')
}

const refusedByServer = (): Bytes =>
  encodeServerMessage({ type: 'error', outcome: { is: 'text', text: 'not today' } }, '0.1.0')

/** Class and action of a WS-MAN request, as a label. */
const callOf = (request: Bytes): string => {
  const document = text(request)
  const action = /<[\w:]*Action[^>]*>([^<]*)</.exec(document)?.[1] ?? ''
  const resource = /<[\w:]*ResourceURI[^>]*>([^<]*)</.exec(document)?.[1] ?? ''
  return `${last(resource)}.${last(action)}`
}

const last = (uri: string): string => uri.slice(uri.lastIndexOf('/') + 1)
