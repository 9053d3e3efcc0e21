import { apfMessage } from '@outrider/protocols/apf'
import {
  amthiCommands,
  decodeAmthiRequest,
  encodeAmthiStatus,
  type MeiConnection,
  type MeiPort,
  meiClientName,
  meiFaults,
} from '@outrider/protocols/mei'
import type { Bytes, Guid } from '@outrider/protocols/values'
import { decode, encode } from '@outrider/protocols/wire'
import type { Noise } from '../noise.ts'
import { StepWatch, type Trouble } from './step-watch.ts'
import { deaf, type Tap } from './tap.ts'

/** AMTHI's `AMT_STATUS_NOT_PERMITTED`. */
const NOT_PERMITTED = 16
/** APF's `SSH_OPEN_RESOURCE_SHORTAGE`. */
const RESOURCE_SHORTAGE = 4

/**
 * The way between RPC and the management engine. Steps of AMTHI are its commands, where the answer goes wrong;
 * steps of LME are the engine's APF messages.
 */
export class MeiWire implements MeiPort {
  readonly amthi = new StepWatch()
  readonly lme = new StepWatch()
  readonly #engine: MeiPort
  readonly #noise: Noise
  #open = 0
  /** Hears what passes: `amthi request`, `amthi response`, `lme`. */
  tap: Tap = deaf

  constructor(engine: MeiPort, noise: Noise) {
    this.#engine = engine
    this.#noise = noise
  }

  /** Connections that were opened and not closed yet. */
  get open(): number {
    return this.#open
  }

  async connect(client: Guid, signal: AbortSignal): Promise<MeiConnection> {
    const name = meiClientName(client)
    const inner = await this.#engine.connect(client, signal)
    this.#open++
    const closed = (): void => {
      this.#open--
    }
    if (name === 'lme') return new DisturbedMei(inner, () => apfStep(this.lme, this.tap), this.#noise, closed)
    if (name === 'amthi') return new DisturbedMei(inner, () => amthiStep(this.amthi, this.tap), this.#noise, closed)
    return new DisturbedMei(inner, () => ({ wrote: () => undefined, comes: () => undefined }), this.#noise, closed)
  }
}

/** Follows one conversation: what is written, and what is to become of what comes. */
interface Follower {
  wrote(message: Bytes): void
  comes(message: Bytes): { readonly trouble: Trouble; readonly refusal: Bytes } | undefined
}

const amthiStep = (watch: StepWatch, tap: Tap): Follower => {
  let asked: ReturnType<typeof decodeAmthiRequest> | undefined
  return {
    wrote(message) {
      tap('amthi request', message)
      asked = decodeAmthiRequest(message)
    },
    comes(message) {
      tap('amthi response', message)
      if (asked?.is !== 'command') return undefined
      const { name } = asked
      const trouble = watch.meet(name)
      if (trouble === undefined) return undefined
      return { trouble, refusal: encodeAmthiStatus(amthiCommands[name].id, NOT_PERMITTED) }
    },
  }
}

const apfStep = (watch: StepWatch, tap: Tap): Follower => ({
  wrote: (message) => tap('lme', message),
  comes(bytes) {
    tap('lme', bytes)
    const message = decode(apfMessage, bytes, 'APF over LME')
    const name =
      message.type === 'globalRequest'
        ? message.request.name
        : message.type === 'serviceRequest'
          ? message.service
          : message.type
    const trouble = watch.meet(name)
    if (trouble === undefined) return undefined
    const refusal =
      message.type === 'channelOpenConfirmation'
        ? encode(apfMessage, { type: 'channelOpenFailure', recipient: message.recipient, reason: RESOURCE_SHORTAGE })
        : encode(apfMessage, { type: 'disconnect', reason: 2 })
    return { trouble, refusal }
  },
})

class DisturbedMei implements MeiConnection {
  readonly #inner: MeiConnection
  readonly #follower: Follower
  readonly #noise: Noise
  readonly #closed: () => void
  #stalled = false
  #ended = false

  constructor(inner: MeiConnection, follow: () => Follower, noise: Noise, closed: () => void) {
    this.#inner = inner
    this.#follower = follow()
    this.#noise = noise
    this.#closed = closed
  }

  get maxMessageBytes(): number {
    return this.#inner.maxMessageBytes
  }

  get protocolVersion(): number {
    return this.#inner.protocolVersion
  }

  async write(message: Bytes, signal: AbortSignal): Promise<void> {
    this.#follower.wrote(message)
    await this.#inner.write(message, signal)
  }

  async read(signal: AbortSignal): Promise<Bytes> {
    for (;;) {
      const message = await this.#inner.read(signal)
      // A connection that went silent still ends with the engine.
      if (this.#stalled) continue
      const met = this.#follower.comes(message)
      if (met === undefined) return message
      switch (met.trouble) {
        case 'stall':
          this.#stalled = true
          continue
        case 'drop':
          await this.#inner.close()
          throw meiFaults.MEI_RESET()
        case 'garbage':
          return this.#noise.bytes(message.length)
        case 'half':
          return message.slice(0, Math.max(1, message.length >> 1))
        case 'refuse':
          return met.refusal
      }
    }
  }

  async close(): Promise<void> {
    if (!this.#ended) this.#closed()
    this.#ended = true
    await this.#inner.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
