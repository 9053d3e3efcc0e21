/** One figure of a benchmark, as it is printed. */
export interface Measure {
  readonly benchmark: string
  readonly measure: string
  readonly value: number
  /** e.g. `ms CPU`, `KiB`, `/s`. */
  readonly unit: string
  /** The most it may be; with `atLeast` the least. */
  readonly target?: number
  readonly atLeast?: boolean
}

export interface Benchmark {
  readonly name: string
  readonly about: string
  run(report: Report): Promise<void>
}

const digits = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)

/** Takes the figures of one benchmark and prints each as it comes: as a line for people, or as one of JSON. */
export class Report {
  readonly #benchmark: string
  readonly #json: boolean
  missed = 0

  constructor(benchmark: string, json: boolean) {
    this.#benchmark = benchmark
    this.#json = json
  }

  /** A figure, with what it is held against where there is such. */
  measure(measure: string, value: number, unit: string, target?: { atMost: number } | { atLeast: number }): void {
    const wanted = target === undefined ? undefined : 'atMost' in target ? target.atMost : target.atLeast
    const atLeast = target !== undefined && 'atLeast' in target
    const held = wanted === undefined || (atLeast ? value >= wanted : value <= wanted)
    if (!held) this.missed++
    if (this.#json) {
      const figure = { benchmark: this.#benchmark, measure, value, unit }
      console.log(JSON.stringify(wanted === undefined ? figure : { ...figure, target: wanted, atLeast, held }))
      return
    }
    const against = wanted === undefined ? '' : `  ${held ? 'holds' : 'MISSED'}: ${atLeast ? '>=' : '<='} ${wanted}`
    console.log(
      `${this.#benchmark.padEnd(12)} ${measure.padEnd(58)} ${digits(value).padStart(9)} ${unit.padEnd(8)}${against}`,
    )
  }

  /** What was not measured, and why. */
  skip(what: string, why: string): void {
    if (this.#json) console.log(JSON.stringify({ benchmark: this.#benchmark, skipped: what, why }))
    else console.log(`${this.#benchmark.padEnd(12)} ${what}: SKIPPED, ${why}`)
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
