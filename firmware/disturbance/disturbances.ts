import type { Milliseconds } from '@outrider/protocols/values'
import type { FaultSubcode } from '@outrider/protocols/wsman'

/**
 * Something that goes wrong on demand, as data: given as an option, or through the control API while the firmware
 * runs. Each holds for `times` occasions (for ever where left out) after the first `skip` of them.
 */
export type Disturbance = { readonly times?: number; readonly skip?: number } & (
  | MeiDisturbance
  | CiraDisturbance
  | WsmanDisturbance
)

export interface MeiDisturbance {
  readonly at: 'mei'
  /** Which client of the engine; any where left out. */
  readonly client?: 'amthi' | 'lme' | 'watchdog'
  /**
   * - `no-driver`    there is no device node
   * - `permission`   the node may not be opened
   * - `no-client`    the engine has no such client: ENOTTY
   * - `busy`         somebody else holds it: EBUSY
   * - `reset`        the engine goes away after a message was written: ENODEV
   * - `silence`      a message is never answered
   */
  readonly what: 'no-driver' | 'permission' | 'no-client' | 'busy' | 'reset' | 'silence'
}

export interface CiraDisturbance {
  readonly at: 'cira'
  /**
   * - `refuse`      the device does not reach the server
   * - `drop`        the connection is cut after `afterBytes` bytes sent
   * - `stall`       after `afterBytes` nothing is sent any more, though the connection stays
   * - `half-frame`  after `afterBytes` the message under way is cut short and the connection ended in order
   * - `garbage`     after `afterBytes` what is sent is noise
   */
  readonly what: 'refuse' | 'drop' | 'stall' | 'half-frame' | 'garbage'
  readonly afterBytes?: number
}

export interface WsmanDisturbance {
  readonly at: 'wsman'
  /** Class name and operation (`get`, `put`, `create`, `delete`, `enumerate`, `pull` or a method); any if left out. */
  readonly cls?: string
  readonly operation?: string
  /** Which way the request came; either where left out. */
  readonly way?: 'local' | 'tunnel'
  /**
   * - `drop-before`  the connection ends with nothing done
   * - `drop-after`   the connection ends after it was done, without an answer
   * - `wrong-nonce`  login is refused as if the nonce had run out
   * - `delay`        the answer takes `milliseconds` longer
   * - `http-500`     the answer is an internal error, nothing done
   * - `fault`        the answer is the SOAP fault `subcode`, nothing done
   */
  readonly what: 'drop-before' | 'drop-after' | 'wrong-nonce' | 'delay' | 'http-500' | 'fault'
  readonly milliseconds?: Milliseconds
  readonly subcode?: FaultSubcode
}

interface Armed {
  readonly id: number
  readonly disturbance: Disturbance
  skip: number
  times: number
}

/** The disturbances of one firmware and how often each still happens. */
export class Disturbances {
  #armed: Armed[] = []
  #ids = 0

  constructor(initial: readonly Disturbance[] = []) {
    for (const each of initial) this.add(each)
  }

  /** Arms one and returns its number. */
  add(disturbance: Disturbance): number {
    const id = ++this.#ids
    const { skip = 0, times = Number.POSITIVE_INFINITY } = disturbance
    this.#armed.push({ id, disturbance, skip, times })
    return id
  }

  clear(): void {
    this.#armed = []
  }

  list(): readonly { readonly id: number; readonly disturbance: Disturbance; readonly left: number | 'always' }[] {
    return this.#armed.map(({ id, disturbance, times }) => ({
      id,
      disturbance,
      left: Number.isFinite(times) ? times : 'always',
    }))
  }

  mei(client: string, what: readonly MeiDisturbance['what'][]): MeiDisturbance | undefined {
    return this.#happens(
      (each): each is MeiDisturbance =>
        each.at === 'mei' && what.includes(each.what) && (each.client === undefined || each.client === client),
    )
  }

  cira(what: readonly CiraDisturbance['what'][]): CiraDisturbance | undefined {
    return this.#happens((each): each is CiraDisturbance => each.at === 'cira' && what.includes(each.what))
  }

  wsman(
    request: { readonly cls: string; readonly operation: string; readonly way: 'local' | 'tunnel' },
    what: readonly WsmanDisturbance['what'][],
  ): WsmanDisturbance | undefined {
    return this.#happens(
      (each): each is WsmanDisturbance =>
        each.at === 'wsman' &&
        what.includes(each.what) &&
        (each.cls === undefined || each.cls === request.cls) &&
        (each.operation === undefined || each.operation === request.operation) &&
        (each.way === undefined || each.way === request.way),
    )
  }

  // The first that fits and is not skipped happens, and is used up by that.
  #happens<T extends Disturbance>(fits: (disturbance: Disturbance) => disturbance is T): T | undefined {
    for (const armed of this.#armed) {
      if (!fits(armed.disturbance)) continue
      if (armed.skip > 0) {
        armed.skip--
        continue
      }
      if (--armed.times <= 0) this.#armed = this.#armed.filter((each) => each !== armed)
      return armed.disturbance
    }
    return undefined
  }
}
