import { type MeiConnection, type MeiPort, meiClientName, meiFaults } from '@outrider/protocols/mei'
import { type Bytes, Fault, type Guid } from '@outrider/protocols/values'
import type { Device } from '../device.ts'
import type { Disturbances } from '../disturbance/disturbances.ts'
import { amthiStatusOnly, answerAmthi } from './amthi.ts'
import { type EngineClient, EngineConnection, type HostSide, type Passage } from './engine-connection.ts'
import { labelOf } from './labels.ts'
import { answerWatchdog } from './watchdog.ts'

type ClientName = 'amthi' | 'lme' | 'watchdog'

/** Longest message in bytes, as the connect answers (amt-firmware.md 3.1). */
const maxMessageBytes: Readonly<Record<ClientName, number>> = { amthi: 5120, lme: 4096, watchdog: 16 }

const isServed = (name: string | undefined): name is ClientName => name !== undefined && name in maxMessageBytes

/** Makes the client that serves a connection to LME. */
export type LmeFactory = (host: HostSide) => EngineClient

/** The management engine behind the device node (amt-firmware.md 3). */
export class Engine implements MeiPort {
  readonly #device: Device
  readonly #disturbances: Disturbances
  readonly #lme: LmeFactory
  readonly #open = new Map<EngineConnection, ClientName>()

  constructor(device: Device, disturbances: Disturbances, lme: LmeFactory) {
    this.#device = device
    this.#disturbances = disturbances
    this.#lme = lme
  }

  async connect(client: Guid, signal: AbortSignal): Promise<MeiConnection> {
    signal.throwIfAborted()
    const name = meiClientName(client)
    const disturbance = this.#disturbances.mei({ client: name ?? '' }, ['no-driver', 'permission', 'no-client', 'busy'])
    switch (disturbance?.what) {
      case 'no-driver':
        throw meiFaults.MEI_NO_DRIVER({ device: '/dev/mei0' })
      case 'permission':
        throw meiFaults.MEI_NO_PERMISSION({ device: '/dev/mei0' })
      case 'busy':
        throw meiFaults.MEI_BUSY({ client: name ?? client })
    }
    // A consumer machine has the engine and none of AMT's clients.
    if (disturbance?.what === 'no-client' || !isServed(name) || this.#device.identity.sku === 'none')
      throw meiFaults.MEI_NO_CLIENT({ client: name ?? client })
    // LME serves one program at a time, and nobody while AMT is switched off.
    if (name === 'lme') {
      if (!this.#device.store.now.bios.enabled) throw meiFaults.MEI_RESET()
      if ([...this.#open.values()].includes('lme')) throw meiFaults.MEI_BUSY({ client: name })
    }
    const connection = new EngineConnection(
      maxMessageBytes[name],
      (message) => this.#passage(name, message),
      (gone) => this.#open.delete(gone),
    )
    connection.attach(this.#serve(name, this.#disturbedHost(name, connection)))
    this.#open.set(connection, name)
    return connection
  }

  /** Every connection ends, or every one of a client. */
  reset(which?: ClientName): void {
    for (const [connection, name] of [...this.#open]) if (which === undefined || which === name) connection.reset()
  }

  /** How a message of the host fares. */
  #passage(client: ClientName, message: Bytes): Passage {
    if (this.#disturbances.calm) return 'pass'
    const disturbance = this.#disturbances.mei({ client, command: labelOf(client, message) }, ['reset', 'silence'])
    return disturbance?.what === 'reset' || disturbance?.what === 'silence' ? disturbance.what : 'pass'
  }

  /** The host as a client of the engine sees it, with what goes wrong on the way to it. */
  #disturbedHost(client: ClientName, host: HostSide): HostSide {
    return {
      reset: () => host.reset(),
      send: (message) => {
        if (this.#disturbances.calm) {
          host.send(message)
          return
        }
        const label = { client, command: labelOf(client, message) }
        const disturbance = this.#disturbances.mei(label, ['reset-after', 'silence-after', 'garbage', 'half'])
        switch (disturbance?.what) {
          case 'reset-after':
            host.reset()
            return
          case 'silence-after':
            return
          case 'garbage':
            host.send(this.#device.random(message.length))
            return
          case 'half':
            host.send(message.subarray(0, message.length >> 1))
            return
          default:
            host.send(message)
        }
      },
    }
  }

  #serve(name: ClientName, host: HostSide): EngineClient {
    if (name === 'lme') return this.#lme(host)
    return {
      receive: (message) => {
        const response = unlessMalformed(() => this.#answer(name, message))
        // The engine drops a connection on which it is sent nonsense.
        if (response === undefined) host.reset()
        else host.send(response)
      },
      closed: () => undefined,
    }
  }

  #answer(name: 'amthi' | 'watchdog', message: Bytes): Bytes {
    if (name === 'watchdog') return answerWatchdog(this.#device, message)
    if (this.#disturbances.calm) return answerAmthi(this.#device, message)
    const disturbance = this.#disturbances.mei({ client: name, command: labelOf(name, message) }, ['status'])
    return disturbance === undefined
      ? answerAmthi(this.#device, message)
      : amthiStatusOnly(message, disturbance.status ?? 1)
  }
}

const unlessMalformed = (answer: () => Bytes): Bytes | undefined => {
  try {
    return answer()
  } catch (error) {
    if (error instanceof Fault && error.kind === 'protocol') return undefined
    throw error
  }
}
