import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export interface HeapSample {
  readonly cycle: number
  /** Bytes that are in use once everything that can go has gone: heap, and buffers outside of it. */
  readonly bytes: number
}

export interface SoakResult {
  readonly name: string
  readonly cycles: number
  readonly samples: readonly HeapSample[]
  /** Bytes by which each cycle made the heap larger, once it had warmed up; may be below zero. */
  readonly perCycle: number
  readonly growth: number
  readonly seconds: number
  readonly wrong: readonly string[]
}

export interface SoakOptions {
  readonly name: string
  readonly cycles: number
  /** How many turns are under way at a time. */
  readonly parallel: number
  /** Share of the cycles before anything is measured: caches fill, code is compiled. */
  readonly warmUp: number
  /** Most bytes a cycle may leave, and most that all of them may, whatever their number. */
  readonly most: { readonly perCycle: number; readonly growth: number }
  /** Whether the heap is judged; with few cycles nothing can be said. */
  readonly flat?: boolean
  /** No cycle is begun after it. */
  readonly until?: number
  turn(worker: number): Promise<void>
  readonly tell?: (line: string) => void
}

const SAMPLES = 16

/** Does the same over and over, and watches the heap between. */
export const soak = async (options: SoakOptions): Promise<SoakResult> => {
  const { name, cycles, parallel, warmUp, most, flat = true, until = Number.POSITIVE_INFINITY, turn, tell } = options
  const collect = collector()
  const began = performance.now()
  const samples: HeapSample[] = []
  const wrong: string[] = []
  const first = Math.ceil(cycles * warmUp)
  const every = Math.max(1, Math.floor((cycles - first) / SAMPLES))
  let done = 0
  const run = async (to: number): Promise<void> => {
    let begun = done
    const worker = async (index: number): Promise<void> => {
      while (begun < to && wrong.length === 0 && performance.now() < until) {
        begun++
        await turn(index).catch((error: unknown) => void wrong.push(String((error as Error).stack ?? error)))
        done++
      }
    }
    await Promise.all(Array.from({ length: parallel }, (_, index) => worker(index)))
  }
  await run(flat ? first : cycles)
  while (done < cycles && wrong.length === 0 && performance.now() < until) {
    await run(Math.min(cycles, done + every))
    const bytes = await collect()
    samples.push({ cycle: done, bytes })
    tell?.(`${name} ${done}: ${(bytes / 1024).toFixed(0)} KiB`)
  }
  const perCycle = slope(samples)
  const growth = perCycle * ((samples.at(-1)?.cycle ?? 0) - (samples[0]?.cycle ?? 0))
  if (flat && growth > most.growth && perCycle > most.perCycle)
    wrong.push(
      `the heap grew by ${(growth / 1024).toFixed(0)} KiB, ${perCycle.toFixed(0)} bytes per cycle: ${samples.map(({ bytes }) => (bytes / 1024).toFixed(0)).join(' ')} KiB`,
    )
  return { name, cycles: done, samples, perCycle, growth, seconds: (performance.now() - began) / 1000, wrong }
}

/** Collects garbage a few times, since what is finalised goes with the next time, and says what is left. */
const collector = (): (() => Promise<number>) => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  return async () => {
    let least = Number.POSITIVE_INFINITY
    for (let turn = 0; turn < 4; turn++) {
      await pause(30)
      gc()
      const { heapUsed, external } = process.memoryUsage()
      least = Math.min(least, heapUsed + external)
    }
    return least
  }
}

/** Of the straight line closest to the samples. */
const slope = (samples: readonly HeapSample[]): number => {
  const count = samples.length
  if (count < 2) return 0
  const x = samples.reduce((sum, { cycle }) => sum + cycle, 0) / count
  const y = samples.reduce((sum, { bytes }) => sum + bytes, 0) / count
  let [above, below] = [0, 0]
  for (const { cycle, bytes } of samples) {
    above += (cycle - x) * (bytes - y)
    below += (cycle - x) ** 2
  }
  return below === 0 ? 0 : above / below
}
