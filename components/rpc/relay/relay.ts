import {
  type ClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  type Outcome,
  type ServerMessage,
} from '@outrider/protocols/rps'
import { type Bytes, Fault, type Milliseconds, minutes, seconds } from '@outrider/protocols/values'
import { amtPorts, type Pause } from '@outrider/sessions/local-management'
import { CallSignal } from '@outrider/sessions/streams'
import type { RpcPatience, RpsSocket } from '../deps.ts'
import { rpcFaults } from '../faults.ts'
import type { Log } from '../log.ts'
import { exchangeHttp } from './http-exchange.ts'
import type { LocalWay } from './local-way.ts'
import { TlsRelay } from './tls-relay.ts'

/** A little more than the patience of servers, which is 12 to 15 seconds. */
const DEVICE_TIMEOUT: Milliseconds = seconds(20)
/** Requests a server may send ahead of their answers; it has one open at a time unless it gave up on others. */
const MAX_AHEAD = 8
/** Without a word of the server for this long there is none. */
const SERVER_TIMEOUT: Milliseconds = minutes(15)
const SWITCH_ATTEMPTS = 5
const SWITCH_STEP: Milliseconds = seconds(5)

export interface RelayOptions {
  readonly socket: RpsSocket
  readonly local: LocalWay
  readonly port: number
  readonly log: Log
  readonly pause: Pause
  readonly patience?: RpcPatience | undefined
  readonly appVersion: string
  /** Seconds that are added to, and that bound, the delay of a `port_switch`. */
  readonly portSwitch: { readonly extraSeconds: number; readonly maxSeconds: number }
}

type Sendable = Exclude<ClientMessage, { type: 'unknown' }>

/**
 * Passes between server and device what the one has for the other, until the server says how it ended. `first` is
 * the message that begins it. Throws `RPS_CLOSED` where the server went away, and protocol faults of its messages.
 */
export const relay = async (
  first: Sendable,
  options: RelayOptions,
  signal: AbortSignal,
): Promise<Outcome & { readonly success: boolean }> => {
  const relaying = new Relay(options, signal)
  try {
    return await relaying.run(first)
  } finally {
    await relaying.end()
  }
}

class Relay {
  readonly #options: RelayOptions
  readonly #signal: AbortSignal
  readonly #life = new AbortController()
  readonly #tls: TlsRelay
  #port: number
  /** Requests are served one after the other, so that answers come in their order, late ones too. */
  #exchanges: Promise<void> = Promise.resolve()
  #ahead = 0

  constructor(options: RelayOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = AbortSignal.any([signal, this.#life.signal])
    this.#port = options.port
    this.#tls = new TlsRelay(
      (until) => options.local.openLocal(this.#tlsPort(), until),
      {
        data: (payload) => this.#send({ type: 'tls_data', payload }),
        reset: () => this.#send({ type: 'connection_reset', reason: 'connection_closed' }),
      },
      this.#signal,
    )
  }

  async run(first: Sendable): Promise<Outcome & { readonly success: boolean }> {
    await this.#send(first)
    for (;;) {
      const message = decodeServerMessage(await this.#receive())
      this.#options.log.trace(`received ${message.type}`)
      if (message.type === 'success') return { ...message.outcome, success: true }
      if (message.type === 'error') return { ...message.outcome, success: false }
      await this.#serve(message)
    }
  }

  async end(): Promise<void> {
    this.#life.abort(new DOMException('the session with the server is over', 'AbortError'))
    this.#tls.close()
    await this.#exchanges
  }

  #send(message: Sendable): Promise<void> {
    return this.#options.socket.send(encodeClientMessage(message, this.#options.appVersion), this.#signal)
  }

  async #receive(): Promise<Bytes> {
    using limit = new CallSignal(this.#signal)
    limit.expect(this.#options.patience?.server ?? SERVER_TIMEOUT, () => rpcFaults.RPS_CLOSED())
    const frame = await this.#options.socket.receive(limit.signal)
    if (frame === undefined) throw rpcFaults.RPS_CLOSED()
    return frame
  }

  async #serve(message: Exclude<ServerMessage, { type: 'success' | 'error' }>): Promise<void> {
    const { log } = this.#options
    switch (message.type) {
      case 'wsman':
        return this.#startExchange(message.payload)
      case 'tls_data':
        return this.#forwardTls(message.payload)
      case 'port_switch':
        return this.#switchPort(message.port, message.delaySeconds)
      case 'heartbeat_request':
        return this.#send({ type: 'heartbeat_response', received: message.received })
      case 'progress':
        log.info(message.label)
        return
      case 'unknown':
        // A newer server may have a name of its own for a request; one without a payload has nothing for the device.
        if (message.payload.length > 0) return this.#startExchange(message.payload)
        log.debug(`ignored message ${message.method} of the server`)
        return
    }
  }

  #startExchange(request: Bytes): void {
    if (this.#ahead >= MAX_AHEAD) throw rpcFaults.RPS_TOO_FAST({ limit: MAX_AHEAD })
    this.#ahead++
    this.#exchanges = this.#exchanges.then(() => this.#exchange(request))
  }

  /** Never rejects: what goes wrong between us and the device is told to the server, which decides. */
  async #exchange(request: Bytes): Promise<void> {
    const answer = await this.#answerOf(request)
    this.#ahead--
    // A reset would hit the request the server has sent since it gave up on this one.
    if (answer.type === 'connection_reset' && this.#ahead > 0) return
    // The end of the server is seen by whoever reads.
    if (!this.#signal.aborted) await this.#send(answer).catch(() => {})
  }

  async #answerOf(request: Bytes): Promise<Sendable> {
    const { local, log } = this.#options
    const patience = this.#options.patience?.answer ?? DEVICE_TIMEOUT
    using limit = new CallSignal(this.#signal)
    limit.expect(patience, () => rpcFaults.AMT_SILENT({ seconds: patience / 1000 }))
    try {
      const payload = await exchangeHttp(await local.openLocal(this.#port, limit.signal), request, limit.signal)
      if (payload !== undefined) return { type: 'response', payload }
      log.debug('AMT closed the connection without an answer')
      return { type: 'connection_reset', reason: 'connection_closed' }
    } catch (error) {
      if (!this.#signal.aborted) log.warning(`AMT did not answer: ${Fault.from(error).message}`)
      return { type: 'connection_reset', reason: 'lms_error' }
    }
  }

  async #forwardTls(bytes: Bytes): Promise<void> {
    try {
      await this.#tls.forward(bytes)
    } catch (error) {
      this.#signal.throwIfAborted()
      this.#options.log.warning(`AMT cannot be reached on its TLS port: ${Fault.from(error).message}`)
      this.#tls.close()
      await this.#send({ type: 'connection_reset', reason: 'lms_error' })
    }
  }

  async #switchPort(port: number, delaySeconds: number): Promise<void> {
    const { log, pause, portSwitch } = this.#options
    const { maxSeconds, extraSeconds } = portSwitch
    log.info(`switching to port ${port}`)
    await this.#exchanges
    this.#tls.close()
    this.#port = port
    await pause(seconds(Math.min(delaySeconds, maxSeconds) + extraSeconds), this.#signal)
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#tls.prepare()
        break
      } catch (error) {
        this.#signal.throwIfAborted()
        if (attempt >= SWITCH_ATTEMPTS)
          throw rpcFaults.AMT_LOCAL_PORT_CLOSED({ port, attempts: SWITCH_ATTEMPTS }, error)
      }
      await pause(SWITCH_STEP, this.#signal)
    }
    await this.#send({ type: 'port_switch_ack' })
  }

  /** A server may begin with TLS where the plain port was announced; TLS has a port of its own. */
  #tlsPort(): number {
    return this.#port === amtPorts.http ? amtPorts.https : this.#port
  }
}
