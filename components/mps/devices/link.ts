import { deviceSecretKeys, type PresenceEntry, type SecretStore, type StoredSecret } from '@outrider/domain/ports'
import { IPS_PowerManagementService } from '@outrider/protocols/amt'
import { Fault, type Guid, type Secret, seconds } from '@outrider/protocols/values'
import type { CiraSession } from '@outrider/sessions/cira'
import { createWsmanSession, type WsmanSession } from '@outrider/sessions/wsman'
import { mpsFaults } from '../faults.ts'

const WSMAN_PORT = 16992
const ADMIN = 'admin'
const OS_POWER_UNKNOWN = 0

/** One connected device: its tunnel, its place in presence, and WS-MAN over the tunnel, made when first asked for. */
export class DeviceLink {
  readonly entry: PresenceEntry
  readonly tunnel: CiraSession
  readonly #secrets: SecretStore
  readonly #wsmanSeconds: number
  /** As read when the device dialled in: one read of the secret store per connect. */
  #stored: StoredSecret | undefined
  #wsman: WsmanSession | undefined
  #savesPower: boolean | undefined

  constructor(
    entry: PresenceEntry,
    tunnel: CiraSession,
    stored: StoredSecret,
    secrets: SecretStore,
    wsmanSeconds: number,
  ) {
    this.entry = entry
    this.tunnel = tunnel
    this.#stored = stored
    this.#secrets = secrets
    this.#wsmanSeconds = wsmanSeconds
  }

  get guid(): Guid {
    return this.entry.guid
  }

  /**
   * Runs `work` with WS-MAN of the device. Where the device refuses the password, the store is read again and
   * `work` runs once more with what is there then: an activation may have changed it since the device dialled in.
   */
  async withWsman<T>(work: (wsman: WsmanSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    const stored = this.#stored ?? (await this.#read(signal))
    this.#stored = stored
    const password = passwords(stored)[0]
    if (password === undefined) throw mpsFaults.DEVICE_SECRET_MISSING({ guid: this.guid })
    try {
      return await work(this.#session(password))
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'WSMAN_UNAUTHORIZED') throw error
      const fresh = await this.#read(signal)
      for (const candidate of passwords(fresh)) {
        if (candidate.reveal() === password.reveal()) continue
        this.#wsman?.useCredentials({ username: ADMIN, password: candidate })
        this.#stored = fresh
        return await work(this.#session(candidate))
      }
      throw error
    }
  }

  /**
   * Power saving of the operating system (reference/mps.md 4.2): 0 unknown, 1 unsupported, 2 full power, 3 saving.
   * A device that cannot say it is not asked again as long as its tunnel lasts.
   */
  async osPowerSaving(signal: AbortSignal): Promise<number> {
    if (this.#savesPower === false) return OS_POWER_UNKNOWN
    try {
      const service = await this.withWsman((wsman) => wsman.get(IPS_PowerManagementService, {}, signal), signal)
      return service.OSPowerSavingState ?? OS_POWER_UNKNOWN
    } catch (error) {
      if (!(error instanceof Fault) || (error.code !== 'WSMAN_NOT_FOUND' && error.code !== 'WSMAN_FAULT')) throw error
      this.#savesPower = false
      return OS_POWER_UNKNOWN
    }
  }

  /** Credentials changed: what is cached is not to be used any more. */
  forgetCredentials(): void {
    this.#stored = undefined
    this.#wsman?.close()
    this.#wsman = undefined
  }

  /** The tunnel ended: whatever waits for the device ends with `reason`. */
  end(reason: Fault): void {
    this.#wsman?.close(reason)
    this.#wsman = undefined
  }

  #session(password: Secret): WsmanSession {
    this.#wsman ??= createWsmanSession({
      way: { openStream: (signal) => this.tunnel.openChannel(WSMAN_PORT, signal) },
      host: `${this.guid}:${WSMAN_PORT}`,
      credentials: { username: ADMIN, password },
      deadlineMs: seconds(this.#wsmanSeconds),
    })
    return this.#wsman
  }

  async #read(signal: AbortSignal): Promise<StoredSecret> {
    const { project, guid } = this.entry
    return this.#secrets.get({ kind: 'device', project, guid }, signal)
  }
}

/** AMT passwords that may be true, likeliest first. */
const passwords = (stored: StoredSecret): readonly Secret[] =>
  [stored.promoted?.values[deviceSecretKeys.amt], stored.pending?.values[deviceSecretKeys.amt]].filter(
    (password) => password !== undefined,
  )
