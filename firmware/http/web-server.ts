import { type Bytes, Fault, text } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'
import {
  type HttpRequest,
  HttpRequestReader,
  type WsmanRequest,
  writePage,
  writeSoapResponse,
  writeUnauthorized,
} from '@outrider/protocols/wsman'
import type { Device } from '../device.ts'
import type { WsmanDisturbance } from '../disturbance/disturbance.ts'
import type { Disturbances } from '../disturbance/disturbances.ts'
import { serverVersion } from '../identity.ts'
import type { WsmanAnswer, WsmanEngine } from '../wsman/engine.ts'
import type { Caller } from '../wsman/model.ts'
import type { DigestGate } from './digest-gate.ts'

/** What is done with a request: bytes to write and whether the connection goes on, or an end without a word. */
interface Reply {
  readonly bytes: Bytes | 'none'
  /** `stall`: the connection stays, and nothing more happens on it. */
  readonly close: boolean | 'stall'
  readonly after: readonly (() => void)[]
}

const DROP: Reply = { bytes: 'none', close: true, after: [] }

/** The HTTP server of the firmware: `/wsman`, and a page that turns browsers away (amt-firmware.md 4). */
export class WebServer {
  readonly #device: Device
  readonly #engine: WsmanEngine
  readonly #gate: DigestGate
  readonly #disturbances: Disturbances
  readonly #server: string

  constructor(device: Device, engine: WsmanEngine, gate: DigestGate, disturbances: Disturbances) {
    this.#device = device
    this.#engine = engine
    this.#gate = gate
    this.#disturbances = disturbances
    this.#server = `Intel(R) Active Management Technology ${serverVersion(device.identity)}`
  }

  /**
   * Serves one connection until it ends, is idle too long, or `signal` is aborted; closes the stream. Requests are
   * answered in the order they came. Never rejects: a broken stream is the end of a connection.
   */
  async serve(stream: ByteStream, way: Caller['way'], signal: AbortSignal, pinned = false): Promise<void> {
    const reader = new HttpRequestReader()
    try {
      for (;;) {
        const request = await this.#request(reader, stream, signal)
        if (request === undefined) return
        const reply = request === 'malformed' ? this.#badRequest() : await this.#reply(request, way, pinned)
        try {
          if (reply.bytes !== 'none') await this.#timed(signal, (limit) => stream.write(reply.bytes as Bytes, limit))
        } finally {
          for (const act of reply.after) act()
        }
        if (reply.close === 'stall') await untilGone(stream, signal)
        if (reply.close !== false) return
      }
    } catch {
      // The peer or the tunnel went away: nobody is left to be told.
    } finally {
      stream.close()
    }
  }

  /** The next whole request; `undefined` at the end of the stream. */
  async #request(
    reader: HttpRequestReader,
    stream: ByteStream,
    signal: AbortSignal,
  ): Promise<HttpRequest | 'malformed' | undefined> {
    try {
      for (;;) {
        const request = reader.next()
        if (request !== undefined) return request
        const chunk = await this.#timed(signal, (limit) => stream.read(limit))
        if (chunk === undefined) return undefined
        reader.push(chunk)
      }
    } catch (error) {
      if (error instanceof Fault && error.kind === 'protocol' && error.code.startsWith('WIRE_')) return 'malformed'
      throw error
    }
  }

  /** Runs `act` under a signal that also ends after the idle time of HTTP. */
  async #timed<T>(signal: AbortSignal, act: (limit: AbortSignal) => Promise<T>): Promise<T> {
    const idle = new AbortController()
    const cancel = this.#device.clock.schedule(this.#device.timing.httpIdle, () => idle.abort())
    try {
      return await act(AbortSignal.any([signal, idle.signal]))
    } finally {
      cancel()
    }
  }

  async #reply(request: HttpRequest, way: Caller['way'], pinned: boolean): Promise<Reply> {
    if (request.target !== '/wsman') return this.#visitor(request)
    if (request.method !== 'POST') return this.#badRequest()
    const wsman = this.#decode(request)
    const label = { ...labelOf(wsman), way }

    const admission = this.#disturbances.wsman(label, ['wrong-nonce'])
      ? this.#gate.challenge(true)
      : this.#gate.admit(request, way)
    if (admission.is === 'challenged') {
      if (admission.delay > 0) await this.#device.delay(admission.delay)
      return {
        bytes: writeUnauthorized({ challenge: admission.challenge, server: this.#server }),
        close: true,
        after: [],
      }
    }
    if (wsman === undefined) return this.#badRequest()

    const { timing } = this.#device
    const disturbance = this.#disturbances.wsman(label, AFTER_LOGIN)
    const pause = (way === 'local' ? timing.localAnswer : timing.tunnelAnswer) + delayOf(disturbance)
    if (pause > 0) await this.#device.delay(pause)
    switch (disturbance?.what) {
      case 'drop-before':
        return DROP
      case 'stall-before':
        return { ...DROP, close: 'stall' }
      case 'garbage-before':
        return { ...DROP, bytes: this.#noise() }
      case 'status':
        return this.#soap(this.#engine.returning(wsman, disturbance.status ?? 1), !request.keepAlive)
      case 'http-500':
        return this.#soap({ ...this.#engine.refused(wsman, 'InternalError'), status: 500 }, true)
      case 'fault':
        return this.#soap(this.#engine.refused(wsman, disturbance.subcode ?? 'InternalError'), !request.keepAlive)
      default: {
        const answer = await this.#carryOut(wsman, pinned ? { ...admission.caller, pinned } : admission.caller)
        const reply = this.#soap(answer, answer.endsConnection || !request.keepAlive || answer.status !== 200)
        return this.#afterwards(reply, disturbance)
      }
    }
  }

  /** What becomes of the answer to something that was done. */
  #afterwards(reply: Reply, disturbance: WsmanDisturbance | undefined): Reply {
    const { after, bytes } = reply
    switch (disturbance?.what) {
      case 'drop-after':
        return { ...DROP, after }
      case 'stall-after':
        return { ...DROP, close: 'stall', after }
      case 'garbage-after':
        return { ...DROP, bytes: this.#noise(), after }
      case 'half-answer':
        return { bytes: bytes === 'none' ? bytes : bytes.subarray(0, bytes.length >> 1), close: true, after }
      default:
        return reply
    }
  }

  #noise(): Bytes {
    return this.#device.random(NOISE)
  }

  /** The WS-MAN request in a body; `undefined` where it is none. */
  #decode(request: HttpRequest): WsmanRequest | undefined {
    try {
      return this.#engine.decode(text(request.body))
    } catch (error) {
      if (error instanceof Fault) return undefined
      throw error
    }
  }

  async #carryOut(request: WsmanRequest, caller: Caller): Promise<WsmanAnswer> {
    try {
      return await this.#engine.answer(request, caller)
    } catch (error) {
      // A value that is not of its declared type.
      if (error instanceof Fault && error.code === 'WSMAN_MALFORMED')
        return this.#engine.refused(request, 'InvalidRepresentation')
      throw error
    }
  }

  #soap(
    answer: Omit<WsmanAnswer, 'status' | 'endsConnection'> & { readonly status: 200 | 400 | 500 },
    close: boolean,
  ): Reply {
    const { status, document, afterReply } = answer
    const date = new Date(this.#device.clock.now()).toUTCString()
    return {
      bytes: writeSoapResponse({ status, date, server: this.#server, xml: document, close }),
      close,
      after: afterReply,
    }
  }

  #visitor(request: HttpRequest): Reply {
    const page =
      request.target === '/logon.htm'
        ? { status: 200, reason: 'OK', html: PAGE }
        : request.method === 'GET'
          ? { status: 303, reason: 'See Other', html: '', fields: [['Location', '/logon.htm']] as const }
          : { status: 404, reason: 'Not Found', html: PAGE }
    return { bytes: writePage({ ...page, server: this.#server }), close: true, after: [] }
  }

  #badRequest(): Reply {
    const html = '<html><body>Bad Request. Missing required parameter</body></html>'
    return {
      bytes: writePage({ status: 400, reason: 'Bad Request', server: this.#server, html }),
      close: true,
      after: [],
    }
  }
}

/** What goes wrong with a request whose sender has proved to be it. */
const AFTER_LOGIN = [
  'drop-before',
  'drop-after',
  'stall-before',
  'stall-after',
  'garbage-before',
  'garbage-after',
  'half-answer',
  'delay',
  'http-500',
  'fault',
  'status',
] as const

const NOISE = 300

/** Resolves once the peer has ended its side; what it still says is not heard. */
const untilGone = async (stream: ByteStream, signal: AbortSignal): Promise<void> => {
  while ((await stream.read(signal)) !== undefined);
}

const PAGE = '<html><head><title>Intel&reg; Active Management Technology</title></head><body>Log On</body></html>'

const delayOf = (disturbance: WsmanDisturbance | undefined): number =>
  disturbance?.what === 'delay' ? (disturbance.milliseconds ?? 0) : 0

/** What a disturbance names a request by. */
const labelOf = (request: WsmanRequest | undefined): { readonly cls: string; readonly operation: string } => {
  if (request === undefined) return { cls: '', operation: '' }
  const { operation, resourceUri } = request
  return {
    cls: resourceUri.slice(resourceUri.lastIndexOf('/') + 1),
    operation: operation.type === 'invoke' ? operation.method : operation.type,
  }
}
