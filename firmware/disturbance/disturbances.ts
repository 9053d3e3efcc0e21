import type { CiraDisturbance, Disturbance, MeiDisturbance, WsmanDisturbance } from './disturbance.ts'

interface Armed {
  readonly id: number
  readonly disturbance: Disturbance
  skip: number
  times: number
}

/** The disturbances of one firmware and how often each still happens. */
export class Disturbances {
  readonly #happened: (disturbance: Disturbance) => void
  #armed: Armed[] = []
  #ids = 0

  /** `happened` hears of each one that does. */
  constructor(initial: readonly Disturbance[] = [], happened: (disturbance: Disturbance) => void = () => undefined) {
    this.#happened = happened
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

  /** Whether nothing is armed: then nobody need look at what passes. */
  get calm(): boolean {
    return this.#armed.length === 0
  }

  list(): readonly { readonly id: number; readonly disturbance: Disturbance; readonly left: number | 'always' }[] {
    return this.#armed.map(({ id, disturbance, times }) => ({
      id,
      disturbance,
      left: Number.isFinite(times) ? times : 'always',
    }))
  }

  mei(
    message: { readonly client: string; readonly command?: string },
    what: readonly MeiDisturbance['what'][],
  ): MeiDisturbance | undefined {
    return this.#happens(
      (each): each is MeiDisturbance =>
        each.at === 'mei' &&
        what.includes(each.what) &&
        (each.client === undefined || each.client === message.client) &&
        (each.command === undefined || each.command === message.command),
    )
  }

  cira(what: readonly CiraDisturbance['what'][], where: 'tcp' | 'tls' | 'apf'): CiraDisturbance | undefined {
    return this.#happens(
      (each): each is CiraDisturbance =>
        each.at === 'cira' &&
        what.includes(each.what) &&
        (where === 'tcp' || (where === 'tls') === (each.step === 'tls')),
    )
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
      this.#happened(armed.disturbance)
      return armed.disturbance
    }
    return undefined
  }
}
