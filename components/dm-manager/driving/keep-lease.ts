import type { Clock, Lease, Leases } from '@outrider/domain/ports'
import type { Milliseconds } from '@outrider/protocols/values'
import { dmManagerFaults } from '../faults.ts'
import { TimeLimit } from './time-limit.ts'

/** A lease that is renewed while it is held. `signal` aborts when it is lost, or when `outer` does. */
export interface HeldLease extends AsyncDisposable {
  readonly lease: Lease
  readonly signal: AbortSignal
}

const RELEASE_WITHIN = 5_000

/** `undefined` while somebody else has it. Disposing of it gives it back. */
export const takeLease = async (
  deps: { readonly leases: Leases; readonly clock: Clock; readonly holder: string },
  key: string,
  span: Milliseconds,
  outer: AbortSignal,
): Promise<HeldLease | undefined> => {
  const { leases, clock, holder } = deps
  const lease = await leases.acquire(key, holder, span, outer)
  if (lease === undefined) return undefined
  const lost = new AbortController()
  const over = new AbortController()
  const signal = AbortSignal.any([outer, lost.signal])
  const renewing = (async () => {
    let goodUntil = clock.monotonic() + span
    while (!over.signal.aborted) {
      await clock.sleep(span / 3, AbortSignal.any([over.signal, signal])).catch(() => undefined)
      if (over.signal.aborted || signal.aborted) return
      const at = clock.monotonic()
      // A store that is away for a moment has not taken the lease from us yet; one that is away for long has.
      const renewed = await leases.renew(lease, span, over.signal).catch(() => 'away' as const)
      if (renewed === 'renewed') goodUntil = at + span
      if (renewed === 'lost' || (renewed === 'away' && clock.monotonic() >= goodUntil))
        lost.abort(dmManagerFaults.LEASE_LOST())
    }
  })()
  return {
    lease,
    signal,
    async [Symbol.asyncDispose]() {
      over.abort()
      await renewing
      if (lost.signal.aborted) return
      using limit = new TimeLimit(RELEASE_WITHIN)
      await leases.release(lease, limit.signal).catch(() => undefined)
    },
  }
}
