import type { MeiPort } from '@outrider/protocols/mei'
import type { Milliseconds } from '@outrider/protocols/values'
import { Sweeper } from '@outrider/sessions/cira'
import { type Dial, TunnelClient } from './cira/tunnel-client.ts'
import { type FirmwareClock, pause, systemClock } from './clock.ts'
import type { Device } from './device.ts'
import { freshVolatile, restartEngine } from './device.ts'
import type { Disturbance } from './disturbance/disturbance.ts'
import { Disturbances } from './disturbance/disturbances.ts'
import { FirmwareEvents } from './events.ts'
import { firmwareFaults } from './faults.ts'
import { DigestGate } from './http/digest-gate.ts'
import { WebServer } from './http/web-server.ts'
import { type Identity, makeIdentity } from './identity.ts'
import { Engine } from './mei/engine.ts'
import { LmeLink } from './mei/lme.ts'
import { Host } from './power/host.ts'
import { type Random, systemRandom } from './random.ts'
import { factoryState } from './state/factory.ts'
import { type Flash, memoryFlash } from './state/flash.ts'
import type { Counters } from './state/flash-state.ts'
import { StateStore } from './state/state-store.ts'
import { type Timing, timingOf } from './timing.ts'
import { TlsIdentities } from './tls/identities.ts'
import { SecureServer } from './tls/secure-server.ts'
import { quirksOf } from './versions/quirks.ts'
import { WsmanEngine } from './wsman/engine.ts'

export interface FirmwareOptions {
  /** Who the machine is; what is not given follows from the serial number. */
  readonly identity: Partial<Identity> & { readonly serial: string }
  /** Memory where left out: the device is new at each start. */
  readonly flash?: Flash
  readonly clock?: FirmwareClock
  readonly random?: Random
  /** Without it the machine has no network: it never reaches a server. */
  readonly dial?: Dial
  /** One timer for the tunnels of many devices; its own where left out. */
  readonly sweeper?: Sweeper
  readonly timing?: 'zero' | 'real'
  readonly timingOverrides?: Partial<Timing>
  readonly disturbances?: readonly Disturbance[]
  /** The DNS suffix of the network the machine is in, at its first start. */
  readonly dnsSuffix?: string
  /** Whether the operating system carries out graceful power requests, at the first start. */
  readonly lmsPresent?: boolean
}

/** One simulated device: AMT firmware of one of the simulated versions, and the machine around it. */
export interface Firmware extends AsyncDisposable {
  readonly identity: Identity
  /** The host's way in, as `/dev/mei0` is: AMTHI, LME and watchdog. */
  readonly engine: MeiPort
  /** How often each act was carried out, over all restarts. */
  readonly counters: Readonly<Counters>
  readonly disturbances: Disturbances
  readonly events: FirmwareEvents
  /** The parts, for the control API and for tests that look inside. */
  readonly device: Device
  /** The engine restarts, as after a firmware update: every MEI connection ends. */
  resetEngine(): void
  /** Ends all of it: timers, MEI connections, the tunnel. What is in flash stays. */
  stop(): Promise<void>
}

/** Switches a device on. Throws `FIRMWARE_FLASH_UNREADABLE`. */
export const createFirmware = (options: FirmwareOptions): Firmware => {
  const identity = makeIdentity(options.identity)
  const quirks = quirksOf(identity.version)
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const timing = timingOf(options.timing ?? 'real', options.timingOverrides)
  const events = new FirmwareEvents()
  const disturbances = new Disturbances(options.disturbances, (disturbance) => events.emit('disturbed', disturbance))
  const dnsSuffix = options.dnsSuffix ?? 'vprodemo.com'
  const store = new StateStore(options.flash ?? memoryFlash(), () =>
    factoryState({ now: clock.now(), random, quirks, dnsSuffix, lmsPresent: options.lmsPresent ?? false }),
  )
  const lifetime = new AbortController()
  const host = new Host(store, clock, timing, events)
  const device: Device = {
    identity,
    quirks,
    store,
    clock,
    random,
    timing,
    events,
    host,
    volatile: freshVolatile(random, clock.now()),
    delay: (span: Milliseconds) => pause(clock, span, lifetime.signal),
    get tunnel() {
      return tunnel
    },
    get tls() {
      return tls
    },
  }
  const tls = new TlsIdentities(device)
  const wsman = new WsmanEngine(device)
  const web = new WebServer(device, wsman, new DigestGate(device), disturbances)
  const secured = new SecureServer(device, web)
  const tunnel = new TunnelClient(
    device,
    { web, secured },
    disturbances,
    options.dial,
    options.sweeper ?? new Sweeper(),
  )
  const engine = new Engine(device, disturbances, (side) => new LmeLink(side, device, { web, secured }))
  // With the operating system its open handles go.
  events.on('os', ({ running }) => {
    if (!running) engine.reset()
  })
  // Made before somebody waits for it.
  if (quirks.localTls === 'enforced') tls.onDieLeaf()
  events.on('amt', ({ enabled }) => {
    // What reaches AMT through the engine ends with it; the engine itself goes on.
    if (!enabled) engine.reset('lme')
    tunnel.reconsider()
  })
  host.start()
  tunnel.reconsider()

  const stop = async (): Promise<void> => {
    host.stop()
    lifetime.abort(firmwareFaults.FIRMWARE_STOPPED())
    engine.reset()
    await tunnel.stop()
  }
  return {
    identity,
    engine,
    disturbances,
    events,
    device,
    get counters() {
      return store.now.counters
    },
    resetEngine: () => {
      restartEngine(device)
      engine.reset()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
