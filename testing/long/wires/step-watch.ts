/**
 * What goes wrong at a step:
 *
 * - `drop`     the connection ends there
 * - `stall`    nothing comes any more, though the connection stays
 * - `garbage`  noise comes in place of the message
 * - `half`     the message is cut short, and the connection ends
 * - `refuse`   the step is refused: a wrong credential, nonce or password, or a plain no
 */
export type Trouble = 'drop' | 'stall' | 'garbage' | 'half' | 'refuse'

/** A step of a protocol: the name of its message, and the how-manieth of that name it is. */
export interface StepName {
  readonly name: string
  readonly nth: number
}

export interface Arming extends StepName {
  readonly trouble: Trouble
  /** How often, from that step on, each step of the name goes wrong; once where left out. */
  readonly times?: number
}

/** The steps one wire passes, and what is to go wrong at which. Keeps a count of each name, and a list on demand. */
export class StepWatch {
  #counts = new Map<string, number>()
  #passed: StepName[] | undefined
  #armed: Arming | undefined
  #fired = 0

  /** How often the trouble that was armed last has happened. */
  get fired(): number {
    return this.#fired
  }

  /** How many steps of this name were passed since it counts. */
  count(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** Counts anew; `arming` goes wrong from here on. */
  begin(arming?: Arming): void {
    this.#counts = new Map()
    this.#armed = arming
    this.#fired = 0
  }

  /** Counts anew, and returns the list to which each step will be added. */
  record(): readonly StepName[] {
    this.begin()
    this.#passed = []
    return this.#passed
  }

  /** All goes well from here on. What happened stays on record. */
  disarm(): void {
    this.#armed = undefined
  }

  /** A wire calls it with each message: what is to become of it. */
  meet(name: string): Trouble | undefined {
    const nth = this.count(name) + 1
    this.#counts.set(name, nth)
    this.#passed?.push({ name, nth })
    const armed = this.#armed
    if (armed === undefined || armed.name !== name || nth < armed.nth || this.#fired >= (armed.times ?? 1))
      return undefined
    this.#fired++
    return armed.trouble
  }
}
