import { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { DisconnectReason } from '@outrider/protocols/apf'
import {
  type EpochMilliseconds,
  Fault,
  fromBase64,
  type Milliseconds,
  minutes,
  secret,
} from '@outrider/protocols/values'
import { type Channel, type CloseReason, type DeviceTunnel, dialCira, type Sweeper } from '@outrider/sessions/cira'
import type { Cancel } from '../clock.ts'
import { amtEnabled, type Device, deviceNow, type TunnelControl } from '../device.ts'
import type { Disturbances } from '../disturbance/disturbances.ts'
import { disturb } from '../disturbance/disturbed-stream.ts'
import type { Servers } from '../http/servers.ts'
import type { FlashState, ManagementServer } from '../state/flash-state.ts'
import { type Decision, decide, periodOf } from './decision.ts'
import { expectedName } from './server-certificate.ts'
import { secure } from './tls-dial.ts'
import { type TriggerName, triggers } from './triggers.ts'
import type { TunnelStatus } from './tunnel-status.ts'

/** Opens a plain connection to a server; TLS is the firmware's own. */
export type Dial = (host: string, port: number, signal: AbortSignal) => Promise<Duplex>

/** Ports offered to the server, in the order firmware asks for them; 5900 last (amt-firmware.md 11.4). */
const PLAIN_PORTS = [16992, 623, 16994, 5900] as const
const TLS_PORTS = [16993, 16992, 664, 623, 16995, 16994, 5900] as const
/** What is answered behind them. The rest is advertised, and refuses. */
const WEB_PORTS: readonly number[] = [16992, 623]
const SECURE_WEB_PORTS: readonly number[] = [16993, 664]

type Dialling = Decision & { readonly dial: true }

/** What goes on, besides what its status says. */
type Activity =
  | { readonly is: 'idle' }
  | { readonly is: 'waiting'; readonly cancel: Cancel }
  | { readonly is: 'connecting'; readonly abort: AbortController }
  | {
      readonly is: 'connected'
      readonly tunnel: DeviceTunnel
      readonly socket: Duplex
      readonly server: ManagementServer
      readonly cancelLifetime: Cancel
    }

/** The firmware's CIRA client: dials when the decision table says so, and again when it was cut (11). */
export class TunnelClient implements TunnelControl {
  readonly #device: Device
  readonly #servers: Servers
  readonly #disturbances: Disturbances
  readonly #dial: Dial | undefined
  readonly #sweeper: Sweeper
  readonly #lifetime = new AbortController()
  #activity: Activity = { is: 'idle' }
  #failures = 0

  constructor(device: Device, servers: Servers, disturbances: Disturbances, dial: Dial | undefined, sweeper: Sweeper) {
    this.#device = device
    this.#servers = servers
    this.#disturbances = disturbances
    this.#dial = dial
    this.#sweeper = sweeper
  }

  reconsider(): void {
    if (this.#lifetime.signal.aborted) return
    const decision = this.#decide()
    if (!decision.dial) {
      if (this.#activity.is === 'idle' && this.#device.volatile.tunnel.reason === decision.reason) return
      this.#failures = 0
      this.#end(decision.reason)
      return
    }
    switch (this.#activity.is) {
      case 'idle':
        this.#wait(this.#firstDelay(decision), decision.trigger, 'wanted')
        return
      case 'connected':
        // A tunnel stands as long as its server is configured as it was.
        if (!decision.servers.some((server) => sameServer(server, this.#connectedTo()))) {
          this.#end('its server is no longer configured')
          this.#wait(this.#firstDelay(decision), decision.trigger, 'wanted')
        }
        return
      case 'waiting':
        // Somebody at the machine does not wait for a period to come round.
        if (decision.trigger === 'user' && this.#device.volatile.tunnel.trigger !== 'user')
          this.#wait(0, decision.trigger, 'wanted')
        return
      case 'connecting':
    }
  }

  closeByRequest(): void {
    if (this.#activity.is !== 'connected') return
    this.#end('closed by request')
    this.#device.volatile.userWantsTunnel = false
    this.#again(this.#device.timing.reconnect)
  }

  cut(): void {
    if (this.#activity.is === 'connected') this.#activity.socket.destroy()
  }

  async stop(): Promise<void> {
    this.#lifetime.abort()
    const tunnel = this.#activity.is === 'connected' ? this.#activity.tunnel : undefined
    this.#end('switched off')
    await tunnel?.closed
  }

  #decide(): Decision {
    return decide(this.#device.store.now, {
      amtEnabled: amtEnabled(this.#device),
      userWantsTunnel: this.#device.volatile.userWantsTunnel,
      alertRaised: false,
    })
  }

  #connectedTo(): ManagementServer | undefined {
    return this.#activity.is === 'connected' ? this.#activity.server : undefined
  }

  // --- status -------------------------------------------------------------------------------------------------

  #report(at: TunnelStatus['at'], reason: string, trigger: TriggerName | null, server: string | null): void {
    const status: TunnelStatus = {
      at,
      reason,
      trigger,
      server,
      since: this.#device.clock.now(),
      failures: this.#failures,
    }
    this.#device.volatile.tunnel = status
    this.#device.events.emit('tunnel', status)
  }

  /** Stops whatever goes on. */
  #end(reason: string): void {
    const activity = this.#activity
    this.#activity = { is: 'idle' }
    switch (activity.is) {
      case 'waiting':
        activity.cancel()
        break
      case 'connecting':
        activity.abort.abort()
        break
      case 'connected':
        activity.cancelLifetime()
        activity.tunnel.close(DisconnectReason.byApplication)
    }
    this.#report('idle', reason, null, null)
  }

  #wait(delay: Milliseconds, trigger: TriggerName, reason: string): void {
    if (this.#activity.is === 'waiting') this.#activity.cancel()
    const cancel = this.#device.clock.schedule(delay, () => void this.#attempt())
    this.#activity = { is: 'waiting', cancel }
    this.#report('waiting', reason, trigger, null)
  }

  /** Dials again after `delay`, if there still is a reason to. */
  #again(delay: Milliseconds, reason = 'to try again'): void {
    const decision = this.#decide()
    if (decision.dial && !this.#lifetime.signal.aborted) this.#wait(delay, decision.trigger, reason)
    else if (!decision.dial) this.#report('idle', decision.reason, null, null)
  }

  /** Most triggers dial soon; a periodic policy of a time of day dials then. */
  #firstDelay({ trigger }: Dialling): Milliseconds {
    const { timing } = this.#device
    const period = trigger === 'periodic' ? this.#period() : undefined
    if (period === undefined || 'every' in period) return timing.connectDelay
    return untilMinute(deviceNow(this.#device), period.dailyAtMinute)
  }

  #period() {
    const policy = this.#device.store.now.settings.policies.find(({ trigger }) => trigger === 'periodic')
    return policy === undefined ? undefined : periodOf(policy.extendedData)
  }

  // --- one attempt --------------------------------------------------------------------------------------------

  async #attempt(): Promise<void> {
    const decision = this.#decide()
    if (!decision.dial) {
      this.#end(decision.reason)
      return
    }
    const abort = new AbortController()
    this.#activity = { is: 'connecting', abort }
    const { timing, clock } = this.#device
    const cancelDeadline = clock.schedule(timing.connectDeadline, () => abort.abort())
    try {
      let reason = ''
      for (const server of decision.servers) {
        this.#report('connecting', '', decision.trigger, server.accessInfo)
        const outcome = await this.#reach(server, decision, abort.signal)
        if (outcome === 'connected') return
        reason = outcome
        if (abort.signal.aborted) break
      }
      if (this.#activity.is !== 'connecting' || this.#activity.abort !== abort) return
      this.#failures++
      this.#activity = { is: 'idle' }
      this.#again(this.#backoff(), reason)
    } finally {
      cancelDeadline()
    }
  }

  #backoff(): Milliseconds {
    const { backoff } = this.#device.timing
    return backoff[Math.min(this.#failures, backoff.length) - 1] ?? 0
  }

  /** Tries one server; `connected`, or why not. */
  async #reach(server: ManagementServer, decision: Dialling, signal: AbortSignal): Promise<string> {
    if (this.#dial === undefined) return 'no network'
    if (this.#disturbances.cira(['refuse'], 'tcp')) return 'connection refused'
    if (server.authMethod !== 2) return 'mutual authentication is not supported'
    try {
      const dialled = await this.#dial(server.accessInfo, server.port, signal)
      if (signal.aborted) dialled.destroy()
      const plain = this.#disturbed(dialled, 'tls')
      const { settings } = this.#device.store.now
      const secured = await secure(
        plain,
        this.#device.quirks.tls,
        {
          roots: rootsOf(settings),
          name: expectedName(server.accessInfo, server.cn),
          now: deviceNow(this.#device),
        },
        signal,
      )
      if (secured.is === 'distrusted') return `server certificate: ${secured.verdict}`
      await this.#tunnel(secured.socket, server, decision, signal)
      return 'connected'
    } catch (error) {
      return signal.aborted ? 'took too long' : reasonOf(error)
    }
  }

  async #tunnel(socket: Duplex, server: ManagementServer, decision: Dialling, signal: AbortSignal): Promise<void> {
    const stream = this.#disturbed(socket, 'apf')
    const { identity, timing, clock } = this.#device
    const ports = this.#hasTls() ? TLS_PORTS : PLAIN_PORTS
    const tunnel = await dialCira(
      stream,
      {
        guid: identity.uuid,
        trigger: triggers[decision.trigger].apfReason,
        user: server.username,
        password: secret(server.password),
        ports,
        address: '',
        sweeper: this.#sweeper,
        keepaliveSeconds: timing.keepalive / 1000,
        handshake: timing.connectDeadline,
        accept: (port, channel) => this.#accept(port, channel),
      },
      signal,
    )
    // Something may have changed while the last message was on its way.
    if (signal.aborted) {
      tunnel.close(DisconnectReason.byApplication)
      signal.throwIfAborted()
    }
    this.#failures = 0
    const cancelLifetime =
      decision.lifetime === 0 ? () => undefined : clock.schedule(decision.lifetime, () => this.#expire(decision))
    this.#activity = { is: 'connected', tunnel, socket, server, cancelLifetime }
    this.#report('connected', '', decision.trigger, server.accessInfo)
    void tunnel.closed.then((reason) => this.#lost(tunnel, reason))
  }

  #disturbed(stream: Duplex, where: 'tls' | 'apf'): Duplex {
    const disturbance = this.#disturbances.cira(['drop', 'stall', 'half-frame', 'garbage'], where)
    return disturbance === undefined ? stream : disturb(stream, disturbance, this.#device.random)
  }

  #accept(port: number, channel: Channel): boolean {
    const { web, secured } = this.#servers
    if (WEB_PORTS.includes(port)) void web.serve(channel, 'tunnel', this.#lifetime.signal)
    else if (SECURE_WEB_PORTS.includes(port) && this.#hasTls())
      void secured.serve(channel, 'tunnel', this.#lifetime.signal)
    else return false
    return true
  }

  #hasTls(): boolean {
    const { quirks, store } = this.#device
    return quirks.localTls === 'enforced' || store.now.settings.tlsCredential !== null
  }

  #expire({ trigger }: Dialling): void {
    this.#end('its lifetime is over')
    if (trigger === 'user') this.#device.volatile.userWantsTunnel = false
    const period = this.#period()
    this.#again(period !== undefined && 'every' in period ? period.every : this.#device.timing.reconnect)
  }

  /** The server, or the network between, ended the tunnel. */
  #lost(tunnel: DeviceTunnel, { why }: CloseReason): void {
    if (this.#activity.is !== 'connected' || this.#activity.tunnel !== tunnel) return
    this.#activity.cancelLifetime()
    this.#activity = { is: 'idle' }
    this.#report('idle', `tunnel ended: ${why}`, null, null)
    this.#again(this.#device.timing.reconnect, `tunnel ended: ${why}`)
  }
}

const rootsOf = (settings: FlashState['settings']): readonly X509Certificate[] =>
  settings.certificates.filter(({ trustedRoot }) => trustedRoot).map(({ der }) => new X509Certificate(fromBase64(der)!))

const sameServer = (a: ManagementServer, b: ManagementServer | undefined): boolean =>
  b !== undefined &&
  a.accessInfo === b.accessInfo &&
  a.port === b.port &&
  a.username === b.username &&
  a.password === b.password

const reasonOf = (error: unknown): string => {
  if (error instanceof Fault) return error.code
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return code ?? 'connection failed'
}

const untilMinute = (now: EpochMilliseconds, minuteOfDay: number): Milliseconds => {
  const day = minutes(24 * 60)
  return (minutes(minuteOfDay) - (now % day) + day) % day
}
