import type { AgentOrder } from './desk.ts'

/** One agent that waits for orders: the newest order that it has not been sent, or a sign of life. */
export class OrderStream {
  #pending: AgentOrder | 'alive' | undefined
  #ended = false
  #wake: () => void = () => {}

  /** Replaces an order that was not sent yet: there is one at a time. */
  push(order: AgentOrder): void {
    this.#pending = order
    this.#wake()
  }

  alive(): void {
    this.#pending ??= 'alive'
    this.#wake()
  }

  /** Forgets an order that was not sent yet. */
  drop(orderId: string): void {
    if (typeof this.#pending === 'object' && this.#pending.id === orderId) this.#pending = undefined
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  /** What is to be sent next; `undefined` when the stream is over or `signal` aborts. */
  async next(signal: AbortSignal): Promise<AgentOrder | 'alive' | undefined> {
    const onAbort = (): void => this.#wake()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      while (!this.#ended && !signal.aborted) {
        const pending = this.#pending
        this.#pending = undefined
        if (pending !== undefined) return pending
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      return undefined
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}
