const timedOut = (): Error => new DOMException('it took too long', 'TimeoutError')

/**
 * The signal of one call: ends with any of its parents, or with the fault of its deadline once that runs. Nothing of
 * it outlives the call: neither its timer, which with `AbortSignal.timeout` runs to its end whatever happened, nor a
 * listener at a parent that lives on.
 */
export class CallSignal implements Disposable {
  readonly #controller = new AbortController()
  readonly #parents: readonly AbortSignal[]
  #timer: NodeJS.Timeout | undefined

  constructor(...parents: readonly AbortSignal[]) {
    this.#parents = parents
    for (const parent of parents) {
      if (parent.aborted) this.#controller.abort(parent.reason)
      else parent.addEventListener('abort', this)
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** From now on the call may take `milliseconds`. */
  expect(milliseconds: number, fault: () => Error = timedOut): void {
    this.#timer = setTimeout(() => this.#controller.abort(fault()), milliseconds)
  }

  /** Ends the call now. */
  end(reason: Error): void {
    this.#controller.abort(reason)
  }

  handleEvent(): void {
    this.#controller.abort(this.#parents.find((parent) => parent.aborted)?.reason)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    for (const parent of this.#parents) parent.removeEventListener('abort', this)
  }
}
