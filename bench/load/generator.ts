import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** One phase of a load generator: what it prints as a line of JSON, as far as it is read here. */
export interface Phase {
  readonly phase: string
  readonly wallS: number
  readonly ops?: number
  readonly ok?: number
  readonly failed?: number
  readonly why?: Readonly<Record<string, number>>
  readonly errors?: Readonly<Record<string, number>>
  readonly perS?: number
  readonly concurrency?: number
  readonly calibCpuMs?: number
  readonly latencyMs?: { readonly p50: number; readonly p99: number }
  readonly durationMs?: { readonly p50: number; readonly p99: number }
  readonly cpu?: {
    readonly server?: {
      readonly cpuS: number
      readonly cores: number
      readonly cpuMsPerOp?: number
      readonly rssMiB: number
    }
    readonly generator?: { readonly cores: number }
  }
}

export type GeneratorName = 'cira-load.mjs' | 'rps-load.mjs'

const root = new URL('../..', import.meta.url).pathname

const folder = process.env.OUTRIDER_BENCH ?? join(root, '../shared/bench')
// The orchestrators that are started here refuse a setting they do not know.
delete process.env.OUTRIDER_BENCH

/**
 * The load generators, which share no code with this project: in the folder `OUTRIDER_BENCH` names, or beside the
 * project. `undefined` where they are not there.
 */
export const findGenerator = (name: GeneratorName): string | undefined => {
  const path = join(folder, name)
  return existsSync(path) ? path : undefined
}

/**
 * Runs a generator to its end and returns its phases. `onPhase` is called with each as it comes, while the generator
 * goes on. Throws where the generator fails.
 */
export const generate = async (
  path: string,
  words: readonly string[],
  onPhase: (phase: Phase) => void = () => undefined,
): Promise<readonly Phase[]> => {
  const child = spawn(process.execPath, ['--no-warnings', path, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const phases: Phase[] = []
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) return
    const phase = JSON.parse(line) as Phase
    phases.push(phase)
    onPhase(phase)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${path} ended with ${code}:\n${complaints}`)
  return phases
}

/** Throws where a phase had errors: a figure of work that was not done is none. */
export const mustSucceed = (phases: readonly Phase[]): readonly Phase[] => {
  for (const { phase, errors = {}, failed = 0, why = {} } of phases)
    if (Object.keys(errors).length > 0 || failed > 0)
      throw new Error(`${phase} had errors: ${JSON.stringify({ ...errors, ...why })}`)
  return phases
}
