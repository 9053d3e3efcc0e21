import { type MeiConnection, type MeiPort, meiClientName, meiFaults } from '@outrider/protocols/mei'
import { type Bytes, Fault, type Guid } from '@outrider/protocols/values'
import type { Device } from '../device.ts'
import type { Disturbances } from '../disturbance/disturbances.ts'
import { answerAmthi } from './amthi.ts'
import { type EngineClient, EngineConnection, type HostSide } from './engine-connection.ts'
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
    const disturbance = this.#disturbances.mei(name ?? '', ['no-driver', 'permission', 'no-client', 'busy'])
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
      () => passage(this.#disturbances.mei(name, ['reset', 'silence'])?.what),
      (gone) => this.#open.delete(gone),
    )
    connection.attach(this.#serve(name, connection))
    this.#open.set(connection, name)
    return connection
  }

  /** Every connection ends, or every one of a client. */
  reset(which?: ClientName): void {
    for (const [connection, name] of [...this.#open]) if (which === undefined || which === name) connection.reset()
  }

  #serve(name: ClientName, host: HostSide): EngineClient {
    if (name === 'lme') return this.#lme(host)
    const answer = name === 'amthi' ? answerAmthi : answerWatchdog
    return {
      receive: (message) => {
        const response = unlessMalformed(() => answer(this.#device, message))
        // The engine drops a connection on which it is sent nonsense.
        if (response === undefined) host.reset()
        else host.send(response)
      },
      closed: () => undefined,
    }
  }
}

const passage = (what: string | undefined): 'pass' | 'silence' | 'reset' =>
  what === 'reset' || what === 'silence' ? what : 'pass'

const unlessMalformed = (answer: () => Bytes): Bytes | undefined => {
  try {
    return answer()
  } catch (error) {
    if (error instanceof Fault && error.kind === 'protocol') return undefined
    throw error
  }
}
