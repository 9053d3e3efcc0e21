import type { EpochMilliseconds, Milliseconds } from '@outrider/protocols/values'
import type { TunnelStatus } from './cira/tunnel-status.ts'
import type { FirmwareClock } from './clock.ts'
import type { FirmwareEvents } from './events.ts'
import type { Identity } from './identity.ts'
import type { Host } from './power/host.ts'
import { type CertificateChain, noChain } from './provisioning/certificate-chain.ts'
import { type Random, randomText } from './random.ts'
import type { FlashState } from './state/flash-state.ts'
import type { StateStore } from './state/state-store.ts'
import type { Timing } from './timing.ts'
import type { TlsIdentities } from './tls/identities.ts'
import type { Quirks } from './versions/quirks.ts'

/** A consent conversation: the code on the screen and how far it has come (amt-firmware.md 8.7). */
export interface Consent {
  /** `OptInState`: 0 not started, 1 requested, 2 displayed, 3 received, 4 in session. */
  state: 0 | 1 | 2 | 3 | 4
  code: string | null
  wrongCodes: number
  until: EpochMilliseconds
}

/**
 * What every part of one firmware shares: who it is, its state in flash, its time, and what is forgotten when
 * its process ends.
 */
export interface Device {
  readonly identity: Identity
  /** How this version of the firmware behaves. */
  readonly quirks: Quirks
  readonly store: StateStore
  readonly clock: FirmwareClock
  readonly random: Random
  readonly timing: Timing
  readonly events: FirmwareEvents
  /** The machine around it. */
  readonly host: Host
  readonly tunnel: TunnelControl
  /** The certificates it shows. */
  readonly tls: TlsIdentities
  readonly volatile: VolatileState
  /** Resolves after that long by the device's clock, or rejects when it is switched off. */
  delay(span: Milliseconds): Promise<void>
}

/** What the rest of the firmware asks of its CIRA client. */
export interface TunnelControl {
  /** Looks again whether a tunnel is wanted, after anything that may decide it has changed. */
  reconsider(): void
  /** Ends the tunnel that is open, in order. */
  closeByRequest(): void
  /** Breaks it, as a network would. */
  cut(): void
}

export interface VolatileState {
  /** 20 bytes, signed in an activation with a certificate; new after each attempt at setup. */
  setupNonce: Uint8Array<ArrayBuffer>
  /** The provisioning certificates uploaded so far. */
  chain: CertificateChain
  /** Password of `$$OsAdmin`, the account of the operating system; new after each reset of the engine. */
  localSystemPassword: string
  consent: Consent
  tunnel: TunnelStatus
  /** Whether a program in the operating system may ask for a tunnel, and asked. */
  userWantsTunnel: boolean
  /** Until then the local HTTP stack refuses connections: it restarts after a change of control mode. */
  localStackBackAt: EpochMilliseconds
}

/** Name of the operating system's account on the local interface. */
export const LOCAL_SYSTEM_USER = '$$OsAdmin'
export const ADMIN_USER = 'admin'

export const noConsent = (): Consent => ({ state: 0, code: null, wrongCodes: 0, until: 0 })

export const freshVolatile = (random: Random, now: EpochMilliseconds): VolatileState => ({
  setupNonce: random(20),
  chain: noChain,
  localSystemPassword: randomText(random, 32),
  consent: noConsent(),
  tunnel: { at: 'idle', reason: 'just started', trigger: null, server: null, since: now, failures: 0 },
  userWantsTunnel: false,
  localStackBackAt: 0,
})

/** After an attempt at setup that succeeded, or a mode that ended: another nonce, and the chain starts again. */
export const endSetupAttempt = (device: Device): void => {
  device.volatile.setupNonce = device.random(20)
  device.volatile.chain = noChain
}

/** What the engine forgets when it restarts. */
export const restartEngine = (device: Device): void => {
  endSetupAttempt(device)
  device.volatile.localSystemPassword = randomText(device.random, 32)
  device.volatile.consent = noConsent()
}

/** The device's own idea of the time: its clock as SetHighAccuracyTimeSynch left it. */
export const deviceNow = (device: Device, state: Readonly<FlashState> = device.store.now): EpochMilliseconds =>
  device.clock.now() + state.settings.time.offset

/** Whether AMT answers at all: there is AMT on this SKU and the BIOS has it on. */
export const amtEnabled = (device: Device): boolean => device.identity.sku !== 'none' && device.store.now.bios.enabled
