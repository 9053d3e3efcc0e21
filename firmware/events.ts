import type { TunnelStatus } from './cira/tunnel-status.ts'
import type { Disturbance } from './disturbance/disturbance.ts'

/** What happens inside a firmware, by name; for whoever stands around it (a supervisor, a test, a log). */
export interface FirmwareEventMap {
  power: { readonly from: number; readonly to: number; readonly boot: boolean }
  /** The operating system of the host ended, told before or not, or has booted. */
  os: { readonly running: false; readonly graceful: boolean } | { readonly running: true }
  /** AMT was switched on or off in BIOS, while the machine runs. */
  amt: { readonly enabled: boolean }
  controlMode: { readonly from: number; readonly to: number }
  tunnel: TunnelStatus
  /** Something went wrong on demand. */
  disturbed: Disturbance
  /** A person at the machine would see this on its screen. */
  screen: { readonly consentCode: string | null }
}
export type FirmwareEventName = keyof FirmwareEventMap

type Listener<N extends FirmwareEventName> = (event: FirmwareEventMap[N]) => void

/** Listeners of one firmware. A listener hears of a change after it is in flash. */
export class FirmwareEvents {
  readonly #listeners = new Map<FirmwareEventName, Set<Listener<never>>>()

  /** Calls `listener` for each event of that name until the returned function is called. */
  on<N extends FirmwareEventName>(name: N, listener: Listener<N>): () => void {
    const all = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, all)
    all.add(listener)
    return () => all.delete(listener)
  }

  emit<N extends FirmwareEventName>(name: N, event: FirmwareEventMap[N]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) (listener as Listener<N>)(event)
  }
}
