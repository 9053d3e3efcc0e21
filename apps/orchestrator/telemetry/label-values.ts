/** Values of one label that are told apart; those that come later are one. */
const MOST = 200
const LONGEST = 100
const OTHER = 'other'

/**
 * The values a label takes. Some come from devices, agents or clients, and each is a counter for ever: so there are
 * only so many.
 */
export class LabelValues {
  readonly #known = new Set<string>()

  /** `value` as the label shows it. */
  shown(value: string): string {
    const short = value.slice(0, LONGEST)
    if (this.#known.has(short)) return short
    if (this.#known.size >= MOST) return OTHER
    this.#known.add(short)
    return short
  }
}
