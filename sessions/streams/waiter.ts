/**
 * One wait that ends by a value, by a failure or by its signal, whichever is first; later ends are ignored. The
 * signal's listener is gone once it ended. `forget` is called where the signal ended it, so that the owner drops
 * it from its books.
 */
export class Waiter<T> {
  readonly promise: Promise<T>
  readonly #resolve: (value: T) => void
  readonly #reject: (reason: unknown) => void
  readonly #forget: ((waiter: Waiter<T>) => void) | undefined
  #signal: AbortSignal | undefined

  /** `signal` must not be aborted yet. */
  constructor(signal: AbortSignal, forget?: (waiter: Waiter<T>) => void) {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#forget = forget
    this.#signal = signal
    // The waiter itself is the listener: no closure per wait.
    signal.addEventListener('abort', this)
  }

  resolve(value: T): void {
    this.#settled()
    this.#resolve(value)
  }

  reject(reason: unknown): void {
    this.#settled()
    this.#reject(reason)
  }

  handleEvent(): void {
    const reason: unknown = this.#signal?.reason
    this.#settled()
    this.#reject(reason)
    this.#forget?.(this)
  }

  #settled(): void {
    this.#signal?.removeEventListener('abort', this)
    this.#signal = undefined
  }
}
