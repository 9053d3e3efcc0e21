import { Fault, toHex } from '@outrider/protocols/values'
import type { Noise } from '../noise.ts'
import type { Target } from './codec-targets.ts'
import { mutate } from './mutate.ts'

/** What fuzz of one target came to. */
export interface FuzzCount {
  readonly target: string
  readonly inputs: number
  /** How many were read, and how many refused with a coded fault. */
  readonly read: number
  readonly refused: number
  readonly wrong: readonly string[]
}

/** Longest that one input may take: far more than any does, and less than anybody would wait. */
const LONGEST = 1500
const SHOWN = 400

/** Reads so many mutations of what was overheard with each target. */
export const fuzzCodecs = (
  targets: readonly Target[],
  inputs: number,
  noise: Noise,
  until = Number.POSITIVE_INFINITY,
): readonly FuzzCount[] =>
  targets.map((target) => {
    const mine = noise.fork()
    let [done, read, refused] = [0, 0, 0]
    const wrong: string[] = []
    for (; done < inputs && performance.now() < until && wrong.length < 5; done++) {
      const bytes =
        done < target.corpus.length ? target.corpus[done]! : mutate(mine.pick(target.corpus), target.corpus, mine)
      const began = performance.now()
      try {
        target.read(bytes, mine)
        read++
        target.again?.(bytes)
      } catch (error) {
        if (error instanceof Fault && error.kind !== 'bug') refused++
        else wrong.push(`${(error as Error).stack ?? String(error)} for ${toHex(bytes).slice(0, SHOWN)}`)
      }
      const took = performance.now() - began
      if (took > LONGEST) wrong.push(`it took ${Math.round(took)} ms for ${toHex(bytes).slice(0, SHOWN)}`)
    }
    return { target: target.name, inputs: done, read, refused, wrong }
  })
