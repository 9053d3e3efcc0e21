import type {
  AuditEntry,
  Clock,
  DeviceControl,
  DeviceRegistry,
  DeviceStore,
  EventSink,
  Presence,
  SecretStore,
} from '@outrider/domain/ports'
import { seconds } from '@outrider/protocols/values'
import type { CiraLimits } from '@outrider/sessions/cira'
import { CallSignal } from '@outrider/sessions/streams'
import { auditActs } from './audit.ts'
import { type CiraIdentity, type CiraListener, listenForDevices } from './cira/listener.ts'
import type { MpsConfig } from './config.ts'
import { deviceControl, deviceRegistry } from './control.ts'
import { ConnectedDevices } from './devices/connected.ts'
import { amtRoutes } from './rest/amt.ts'
import { deviceRoutes } from './rest/devices.ts'
import { serverRoutes } from './rest/server.ts'

export type { CiraIdentity } from './cira/listener.ts'
export { type MpsConfig, mpsConfig } from './config.ts'
export { mpsFaults } from './faults.ts'

export interface MpsDeps {
  readonly config: MpsConfig
  readonly devices: DeviceStore
  readonly secrets: SecretStore
  readonly presence: Presence
  readonly clock: Clock
  readonly events: EventSink
  readonly record: (entry: AuditEntry, signal: AbortSignal) => Promise<void>
  /** Certificate and key devices are shown at the moment, and the root they must trust. */
  readonly identity: () => CiraIdentity
  readonly rootPem: () => string
  readonly version: string
  /** What devices are permitted; `ciraLimits` where left out. */
  readonly limits?: CiraLimits
}

export interface Mps {
  readonly routes: ReturnType<typeof deviceRoutes>
  readonly control: DeviceControl
  readonly registry: DeviceRegistry
  /** How many tunnels this instance holds. */
  readonly tunnels: number
  /** How many connections of devices there are: tunnels, those on the way to be one, and those about to end. */
  readonly connections: number
  /** How many channels to devices are open over all tunnels. */
  readonly channels: number
  /** Serves devices on these addresses, until `stop`. Resolves with where, once it listens on all. */
  listen(
    addresses: readonly { readonly host: string; readonly port: number }[],
    signal: AbortSignal,
  ): Promise<readonly { readonly host: string; readonly port: number }[]>
  /** Devices that dial from now on are shown the present `identity`. */
  renew(): void
  stop(signal: AbortSignal): Promise<void>
}

/** Over how long the tunnels are closed when the process stops, so that devices do not dial again all at once. */
const CLOSE_SPREAD = seconds(2)
/** A database that takes longer is away for the moment. */
const FLUSH_WITHIN = seconds(10)

/** The Management Presence Server: holds the tunnels, speaks WS-MAN through them. */
export const createMps = (deps: MpsDeps): Mps => {
  const connected = new ConnectedDevices(deps)
  const stopping = new AbortController()
  const listeners: CiraListener[] = []

  const flushForEver = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await deps.clock.sleep(seconds(deps.config.flushSeconds), stopping.signal).catch(() => undefined)
      using limit = new CallSignal()
      limit.expect(FLUSH_WITHIN)
      await connected.seen.flush(limit.signal)
    }
  }
  let flushing: Promise<void> = Promise.resolve()

  return {
    routes: [
      ...deviceRoutes(deps.devices, deps.secrets, connected),
      ...amtRoutes(connected, auditActs(deps.record, deps.clock)),
      ...serverRoutes(deps),
    ],
    control: deviceControl(connected),
    registry: deviceRegistry(deps.devices, connected),
    get tunnels() {
      return connected.size
    },
    get connections() {
      return connected.connections
    },
    get channels() {
      return connected.channels
    },
    async listen(addresses, signal) {
      for (const { host, port } of addresses)
        listeners.push(
          await listenForDevices(
            {
              host,
              port,
              identity: deps.identity(),
              config: deps.config,
              events: deps.events,
              onTunnel: (socket, address) => connected.take(socket, address, stopping.signal),
            },
            signal,
          ),
        )
      flushing = flushForEver()
      return listeners.map(({ address }) => address)
    },
    renew() {
      for (const listener of listeners) listener.useIdentity(deps.identity())
    },
    async stop(signal) {
      const closed = listeners.map((listener) => listener.close())
      await connected.closeAll(CLOSE_SPREAD, signal)
      stopping.abort()
      await Promise.all([...closed, flushing])
      await connected.seen.flush(signal)
    },
  }
}
