/**
 * The life of one process. It may end at the n-th thing the process waits for: before that is done, or after it
 * is done and before the process hears of it. From then on it never hears of anything.
 */
export class Life {
  dieAt = Number.POSITIVE_INFINITY
  when: 'before' | 'after' = 'before'
  count = 0
  readonly #death = new AbortController()
  #dying: Promise<unknown> | undefined

  get dead(): boolean {
    return this.#death.signal.aborted
  }

  /** Connections to it end with it. */
  get signal(): AbortSignal {
    return this.#death.signal
  }

  kill(): void {
    this.#death.abort(new Error('the process was killed'))
  }

  /** `port` as this process has it. Only what returns a promise can be died in. */
  port<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]): unknown => this.#call(() => member.apply(target, args))
      },
    })
  }

  #call(work: () => unknown): unknown {
    if (this.dead) return new Promise(() => {})
    const before = this.count + 1 === this.dieAt && this.when === 'before'
    if (before) {
      this.count += 1
      this.kill()
      return new Promise(() => {})
    }
    const result = work()
    if (!(result instanceof Promise)) return result
    this.count += 1
    // Spared meanwhile: then it hears of it after all.
    if (this.count === this.dieAt) this.#dying = result
    const heard = (): boolean => {
      if (this.#dying === result && this.dieAt !== Number.POSITIVE_INFINITY) this.kill()
      return !this.dead
    }
    return result.then(
      (value) => (heard() ? value : new Promise(() => {})),
      (error) => (heard() ? Promise.reject(error) : new Promise(() => {})),
    )
  }
}
