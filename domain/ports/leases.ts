import type { Milliseconds } from '@outrider/protocols/values'

/** The right to act on one thing for a while, with a number that grows each time somebody gets it. */
export interface Lease {
  readonly key: string
  readonly holder: string
  /** Fencing: whoever writes under an older epoch is refused. */
  readonly epoch: number
}

export interface Leases {
  /** `undefined` while somebody else holds it. A holder that asks again gets a new epoch. */
  acquire(key: string, holder: string, span: Milliseconds, signal: AbortSignal): Promise<Lease | undefined>
  /** `'lost'` where it ran out or somebody else has it. */
  renew(lease: Lease, span: Milliseconds, signal: AbortSignal): Promise<'renewed' | 'lost'>
  release(lease: Lease, signal: AbortSignal): Promise<void>
}
