import type { TLSSocket } from 'node:tls'
import type { ProjectId } from '@outrider/domain/identity'
import type { Clock, DeviceStore, EventSink, Presence, SecretStore } from '@outrider/domain/ports'
import { Fault, type Guid } from '@outrider/protocols/values'
import {
  acceptCira,
  type CiraLimits,
  type CiraSession,
  type CloseReason,
  ciraFaults,
  Sweeper,
} from '@outrider/sessions/cira'
import { type Admitted, judge } from '../cira/device-admission.ts'
import type { MpsConfig } from '../config.ts'
import { mpsFaults } from '../faults.ts'
import { DeviceLink } from './link.ts'
import { SeenLog } from './seen-log.ts'

export interface ConnectedDeps {
  readonly config: MpsConfig
  readonly devices: DeviceStore
  readonly secrets: SecretStore
  readonly presence: Presence
  readonly clock: Clock
  readonly events: EventSink
  readonly limits?: CiraLimits
}

/** The devices whose tunnel this instance holds. */
export class ConnectedDevices {
  readonly #deps: ConnectedDeps
  readonly #sweeper = new Sweeper()
  readonly #links = new Map<Guid, DeviceLink>()
  readonly seen: SeenLog

  constructor(deps: ConnectedDeps) {
    this.#deps = deps
    this.seen = new SeenLog(deps.devices)
  }

  get size(): number {
    return this.#links.size
  }

  /** Tunnels, connections that are not authenticated yet, and those whose end the device has not seen yet. */
  get connections(): number {
    return this.#sweeper.size
  }

  get channels(): number {
    let count = 0
    for (const { tunnel } of this.#links.values()) count += tunnel.channelCount
    return count
  }

  /** The device's link. Throws `DEVICE_NOT_CONNECTED`, also for a device of another project. */
  require(project: ProjectId, guid: Guid): DeviceLink {
    const link = this.#links.get(guid)
    if (link === undefined || link.entry.project !== project) throw mpsFaults.DEVICE_NOT_CONNECTED({ guid })
    return link
  }

  /** The same for a caller of several projects. */
  requireIn(projects: readonly ProjectId[], guid: Guid): DeviceLink {
    const link = this.#links.get(guid)
    if (link === undefined || !projects.includes(link.entry.project)) throw mpsFaults.DEVICE_NOT_CONNECTED({ guid })
    return link
  }

  countOf(projects: readonly ProjectId[]): number {
    let count = 0
    for (const { entry } of this.#links.values()) if (projects.includes(entry.project)) count++
    return count
  }

  find(project: ProjectId, guid: Guid): DeviceLink | undefined {
    const link = this.#links.get(guid)
    return link?.entry.project === project ? link : undefined
  }

  /** Takes a connection whose TLS handshake is done, from the first APF message to its end. */
  async take(socket: TLSSocket, address: string, signal: AbortSignal): Promise<void> {
    const { events, limits } = this.#deps
    let admitted: Admitted | undefined
    let refused = false
    try {
      const tunnel = await acceptCira(
        socket,
        {
          sweeper: this.#sweeper,
          ...(limits === undefined ? {} : { limits }),
          authenticate: async (credentials, during) => {
            const verdict = await judge(
              credentials,
              this.#deps,
              (found) => {
                admitted = found
              },
              during,
            )
            refused ||= verdict === 'refused'
            return verdict
          },
          observe: {
            rejected: (reason, guid) =>
              events.emit('cira.rejected', {
                // A device that was refused and went by itself was turned away for its credentials all the same.
                reason: refused ? 'credentials' : reason.why,
                address,
                ...(guid === undefined ? {} : { guid }),
              }),
          },
        },
        signal,
      )
      if (admitted === undefined) throw new TypeError('a tunnel without a verdict')
      await this.#enter(tunnel, admitted, address)
    } catch (error) {
      // Refused, and counted by its reason above; the connection is closed.
      if (!(error instanceof Fault) && !signal.aborted) events.emit('cira.rejected', { reason: 'failed', address })
      socket.destroy()
    }
  }

  async #enter(tunnel: CiraSession, { device, stored }: Admitted, address: string): Promise<void> {
    const { presence, clock, events, config } = this.#deps
    const { guid, project } = device
    const { entry } = await presence.claim(project, guid, config.instance, clock.now())
    const link = new DeviceLink(entry, tunnel, stored, this.#deps.secrets, config.wsmanSeconds)
    const older = this.#links.get(guid)
    this.#links.set(guid, link)
    // The newest tunnel wins; what still waits on the older one ends with it.
    older?.tunnel.close()
    const began = clock.monotonic()
    events.emit('cira.connected', { guid, project, address, trigger: tunnel.trigger, epoch: entry.epoch })
    this.seen.note({ guid, connected: true, mpsInstance: config.instance, lastConnected: clock.now() })
    void tunnel.closed.then((reason) => this.#left(link, reason, clock.monotonic() - began))
  }

  async #left(link: DeviceLink, reason: CloseReason, span: number): Promise<void> {
    const { presence, clock, events } = this.#deps
    const { guid, entry } = link
    link.end(ciraFaults.DEVICE_DISCONNECTED({ why: reason.why }))
    events.emit('cira.disconnected', {
      guid,
      project: entry.project,
      reason: reason.why,
      seconds: Math.round(span / 1000),
    })
    await presence.release(entry, clock.now()).catch(() => undefined)
    // A newer tunnel of the same device stays as it is.
    if (this.#links.get(guid) !== link) return
    this.#links.delete(guid)
    this.seen.note({ guid, connected: false, lastSeen: link.tunnel.lastSeen, lastDisconnected: clock.now() })
  }

  /** Closes all tunnels, spread over `span` so that the devices do not all dial again at once. */
  async closeAll(span: number, signal: AbortSignal): Promise<void> {
    const links = [...this.#links.values()]
    const batch = Math.max(1, Math.ceil(links.length / 20))
    for (let at = 0; at < links.length; at += batch) {
      for (const link of links.slice(at, at + batch)) link.tunnel.close()
      if (at + batch < links.length) await this.#deps.clock.sleep(span / 20, signal).catch(() => undefined)
    }
    await Promise.all(links.map((link) => link.tunnel.closed))
  }
}
