import { completed } from './factory.ts'
import type { Flash } from './flash.ts'
import type { FlashState } from './flash-state.ts'

/**
 * The one owner of a firmware's state. Nobody changes it but through `change`, which is all or nothing: a
 * refused act leaves it as it was, because its draft is dropped.
 */
export class StateStore {
  readonly #flash: Flash
  #state: FlashState
  #text: string

  constructor(flash: Flash, factory: () => FlashState) {
    this.#flash = flash
    const kept = flash.load()
    this.#state = kept === undefined ? factory() : completed(kept, factory())
    this.#text = JSON.stringify(this.#state)
    if (kept === undefined) flash.save(this.#state)
  }

  /** The present state. To be read and not kept: the next change replaces it. */
  get now(): Readonly<FlashState> {
    return this.#state
  }

  /**
   * Runs `act` on a draft; what it left there becomes the state, in flash first, if `accept` says so of its
   * result (by default always) and `act` did not throw.
   */
  change<T>(act: (draft: FlashState) => T, accept: (result: T) => boolean = () => true): T {
    const draft = JSON.parse(this.#text) as FlashState
    const result = act(draft)
    if (!accept(result)) return result
    const text = JSON.stringify(draft)
    if (text === this.#text) return result
    this.#flash.save(draft)
    this.#state = draft
    this.#text = text
    return result
  }
}
