import type { Clock, EventSink } from '@outrider/domain/ports'
import type { Milliseconds } from '@outrider/protocols/values'
import { causeOf } from './stop-on-signal.ts'

/**
 * Calls `renew` every `span` until `signal` aborts. Where it fails (the secret store is away, say) that is told of,
 * and it is called again when its time comes.
 */
export const renewEvery = async (
  span: Milliseconds,
  renew: (signal: AbortSignal) => Promise<unknown>,
  { clock, events }: { readonly clock: Clock; readonly events: EventSink },
  signal: AbortSignal,
): Promise<void> => {
  for (;;) {
    await clock.sleep(span, signal).catch(() => undefined)
    if (signal.aborted) return
    try {
      await renew(signal)
    } catch (error) {
      if (!signal.aborted) events.emit('service.error', { where: 'certificates', cause: causeOf(error) })
    }
  }
}
