import type { Bytes, Guid, Secret } from '@outrider/protocols/values'
import type { CiraSession } from './accepting.ts'
import type { CloseReason } from './close-reason.ts'
import type { CiraLimits } from './limits.ts'
import type { Sweeper } from './sweeper.ts'

/** What a device says about itself, not yet believed. */
export interface CiraCredentials {
  readonly guid: Guid
  /** A `TriggerReason`: why the device connects. */
  readonly trigger: number
  readonly user: string
  /** Absent where the device presents none (method `none`), which is only asked about with `admitNone`. */
  readonly password: Secret | undefined
}

/**
 * - `accepted`     the device is who it says
 * - `refused`      wrong credentials: it may try again, as often as the limits permit
 * - `unknown`      nobody has registered it: it is sent away
 * - `unavailable`  nobody can tell at the moment: it is sent away for now
 */
export type Verdict = 'accepted' | 'refused' | 'unknown' | 'unavailable'

/** Told what happens, for events and counters. All of it is optional, nothing is waited for, none of it may throw. */
export interface CiraObserver {
  /** A connection ended before it was a tunnel. `guid` is what it claimed to be, where it came that far. */
  rejected?(reason: CloseReason, guid: Guid | undefined): void
  opened?(session: CiraSession): void
  /** The device's list of ports is complete, or taken to be. */
  settled?(session: CiraSession): void
  ended?(session: CiraSession, reason: CloseReason): void
  channelOpened?(session: CiraSession, port: number): void
  /** The device said no; `reason` is an `OpenFailureReason`. It may be asked again. */
  channelRefused?(session: CiraSession, port: number, reason: number): void
  /** Both sides have closed it. Not told for channels that end with their session. */
  channelClosed?(session: CiraSession, port: number): void
  /** The device wanted a channel to a host behind this server and was told there is none. */
  deviceChannel?(session: CiraSession, host: string, port: number): void
  /** The device sent a datagram for a host behind this server: an alert. The data is a view, to be copied if kept. */
  datagram?(session: CiraSession, host: string, port: number, data: Bytes): void
}

export interface CiraAcceptOptions {
  readonly sweeper: Sweeper
  /**
   * Decides about a device. Nothing else is served to it before. `signal` is aborted when the connection ends.
   * Where it throws, the device is sent away as with `unavailable`.
   */
  authenticate(credentials: CiraCredentials, signal: AbortSignal): Promise<Verdict>
  /** Whether a device that presents no password is put to `authenticate` at all: one with a client certificate. */
  readonly admitNone?: boolean
  readonly limits?: CiraLimits
  readonly observe?: CiraObserver
}
