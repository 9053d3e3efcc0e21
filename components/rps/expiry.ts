import type { Clock, EventSink, ProvisioningStore } from '@outrider/domain/ports'
import { type EpochMilliseconds, type Milliseconds, minutes } from '@outrider/protocols/values'

const DAY: Milliseconds = minutes(24 * 60)
/** From how many days before its end a certificate is warned of. */
export const WARNED_DAYS = 60
/** After a look that failed: the database may be back. */
const AGAIN: Milliseconds = minutes(10)

/** Whole days a certificate is still good for; less than none where it has ended. */
export const daysLeft = (expiresAt: EpochMilliseconds, now: EpochMilliseconds): number =>
  Math.floor((expiresAt - now) / DAY)

/** Tells once a day of each provisioning certificate that ends soon or has ended, until `signal` aborts. */
export const watchExpiry = async (
  deps: { readonly store: Pick<ProvisioningStore, 'domains'>; readonly clock: Clock; readonly events: EventSink },
  signal: AbortSignal,
): Promise<void> => {
  const { store, clock, events } = deps
  while (!signal.aborted) {
    const now = clock.now()
    let pause = DAY
    try {
      for (const { project, name, suffix, expiresAt } of await store.domains.expiring(
        now + (WARNED_DAYS + 1) * DAY,
        signal,
      )) {
        const days = daysLeft(expiresAt, now)
        if (days <= WARNED_DAYS) events.emit('domain.expiring', { project, domain: name, suffix, days })
      }
    } catch {
      pause = AGAIN
    }
    await clock.sleep(pause, signal).catch(() => undefined)
  }
}
