import type { Milliseconds } from '@outrider/protocols/values'

/**
 * A signal that ends with its parent, or when its time is up. Unlike `AbortSignal.timeout`, whose timer runs to its
 * end whatever happened, nothing of it is left once it is disposed of.
 */
export class TimeLimit implements Disposable {
  readonly #controller = new AbortController()
  readonly #parent: AbortSignal | undefined
  readonly #timer: NodeJS.Timeout

  constructor(span: Milliseconds, parent?: AbortSignal) {
    this.#timer = setTimeout(() => this.#controller.abort(new DOMException('it took too long', 'TimeoutError')), span)
    this.#parent = parent
    if (parent?.aborted === true) this.handleEvent()
    else parent?.addEventListener('abort', this)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  handleEvent(): void {
    this.#controller.abort(this.#parent?.reason)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#parent?.removeEventListener('abort', this)
  }
}
