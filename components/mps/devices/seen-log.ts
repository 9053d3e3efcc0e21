import type { DeviceSeen, DeviceStore } from '@outrider/domain/ports'
import type { Guid } from '@outrider/protocols/values'

/**
 * What was seen of devices, written to the database in batches: nothing touches it per keepalive or per connect.
 * What a crash loses is at most one batch of times; who is connected is the presence's to say.
 */
export class SeenLog {
  readonly #store: DeviceStore
  readonly #pending = new Map<Guid, DeviceSeen>()
  #flushing: Promise<void> = Promise.resolve()

  constructor(store: DeviceStore) {
    this.#store = store
  }

  note(seen: DeviceSeen): void {
    this.#pending.set(seen.guid, { ...this.#pending.get(seen.guid), ...seen })
  }

  /** What is not written yet of a device, for readers that want the newest. */
  pendingOf(guid: Guid): DeviceSeen | undefined {
    return this.#pending.get(guid)
  }

  /** Writes what is noted. Where the database is away it stays noted, for the next time. */
  flush(signal: AbortSignal): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write(signal))
    return this.#flushing
  }

  async #write(signal: AbortSignal): Promise<void> {
    if (this.#pending.size === 0) return
    const batch = [...this.#pending.values()]
    this.#pending.clear()
    try {
      await this.#store.flushSeen(batch, signal)
    } catch {
      for (const seen of batch) {
        const newer = this.#pending.get(seen.guid)
        this.#pending.set(seen.guid, newer === undefined ? seen : { ...seen, ...newer })
      }
    }
  }
}
