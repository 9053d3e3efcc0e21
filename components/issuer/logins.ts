import type { Account, Clock, IssuerStore } from '@outrider/domain/ports'
import type { IssuerConfig } from './config.ts'
import { passwordMatches, pretendToCheck } from './passwords.ts'

export type LoginOutcome =
  | { readonly outcome: 'accepted'; readonly account: Account }
  /** Unknown name, wrong password, or not a person: the client is not told which. */
  | { readonly outcome: 'wrong'; readonly account?: Account }
  | { readonly outcome: 'locked'; readonly secondsLeft: number; readonly account: Account }
  | { readonly outcome: 'busy' }

// Each check costs 16 MiB and a tenth of a second of a core: no more of them wait than are answered in a few seconds.
const AT_ONCE = 2
const MOST = 34

/** Checks passwords of people, a few at once, one at a time per name so that no failure is lost in a race. */
export class Logins {
  readonly #store: IssuerStore
  readonly #clock: Clock
  readonly #config: IssuerConfig
  readonly #byName = new Map<string, Promise<unknown>>()
  readonly #queue: (() => void)[] = []
  #running = 0
  #known = 0

  constructor(store: IssuerStore, clock: Clock, config: IssuerConfig) {
    this.#store = store
    this.#clock = clock
    this.#config = config
  }

  async check(name: string, password: string, signal: AbortSignal): Promise<LoginOutcome> {
    if (this.#known >= MOST) return { outcome: 'busy' }
    this.#known++
    const before = this.#byName.get(name)
    const mine = (async () => {
      await before?.catch(() => undefined)
      return this.#inTurn(() => this.#check(name, password, signal))
    })()
    this.#byName.set(name, mine)
    try {
      return await mine
    } finally {
      this.#known--
      if (this.#byName.get(name) === mine) this.#byName.delete(name)
    }
  }

  async #check(name: string, password: string, signal: AbortSignal): Promise<LoginOutcome> {
    const account = await this.#store.accounts.byName(name, signal)
    if (account === undefined || account.kind !== 'user') {
      await pretendToCheck(password)
      return { outcome: 'wrong' }
    }
    const now = this.#clock.now()
    if (account.lockedUntil !== undefined && account.lockedUntil > now)
      return { outcome: 'locked', secondsLeft: Math.ceil((account.lockedUntil - now) / 1000), account }
    if (await passwordMatches(password, account.passwordHash)) {
      if (account.failedLogins > 0) await this.#record(account, 0, signal)
      return { outcome: 'accepted', account }
    }
    await this.#record(account, account.failedLogins + 1, signal)
    return { outcome: 'wrong', account }
  }

  async #record(account: Account, failedLogins: number, signal: AbortSignal): Promise<void> {
    const { lockAfterFailures, lockSeconds } = this.#config
    const locks = failedLogins > 0 && failedLogins % lockAfterFailures === 0
    const lockedUntil = locks ? this.#clock.now() + lockSeconds * 1000 : 0
    await this.#store.accounts.update(account.id, { failedLogins, lockedUntil }, signal)
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#queue.push(resolve))
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
      this.#queue.shift()?.()
    }
  }
}
