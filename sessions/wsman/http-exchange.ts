import type { Bytes } from '@outrider/protocols/values'
import type { HttpResponse } from '@outrider/protocols/wsman'

/**
 * Takes one request to the device and brings the answer back: over a connection of our own, or as one message each
 * way of a relay.
 */
export interface HttpExchange {
  /**
   * The answer to `request`, whole.
   *
   * Rejects with the signal's reason on abort, with protocol faults of the wire where the answer is not HTTP, with
   * `NoAnswer` where the way ended before the answer, and with the fault of opening one where there is no way.
   *
   * @param isAnswer whether a response can belong to this request: a way that may still bring answers to requests
   * given up on passes over those. A connection that is closed with each request given up on need not ask. A 401 names
   * no request, so this takes any: a relay that still owes an answer to a request given up on keeps a 401 to itself,
   * or a request that is under way would be sent again.
   */
  send(request: Bytes, isAnswer: (response: HttpResponse) => boolean, signal: AbortSignal): Promise<HttpResponse>
  /** The last answer made no sense: whatever is open and may hold more of the kind is not to be used again. */
  discard(): void
  /** Ends everything that is open or waiting. */
  close(): void
}

/**
 * The way ended before the answer was whole. Caught by the session, which says what it means; `cause` is the fault of
 * the way where it was cut, and absent where the peer ended it in order.
 */
export class NoAnswer extends Error {
  /**
   * Whether a connection used before ended without a byte of the answer: the usual case of one closed while idle.
   * Whatever only reads may be asked again.
   */
  readonly stale: boolean

  constructor(stale: boolean, cause?: unknown) {
    super('the connection ended before the answer', cause === undefined ? undefined : { cause })
    this.name = 'NoAnswer'
    this.stale = stale
  }
}
