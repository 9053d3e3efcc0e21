import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Api, Orchestrator, SimulatedNode } from '../deployment/index.ts'
import type { Violation } from './judge.ts'
import { CrashMachine, type Point, type PointResult } from './machine.ts'
import { victims } from './moments.ts'
import { seeded } from './random.ts'

export interface CrashOptions {
  readonly points: number
  readonly seed: number
  /** How many machines suffer at the same time, under one orchestrator. */
  readonly machines: number
  /** Where everything is kept; made by the caller, and his to remove. */
  readonly folder: string
  readonly say: (line: string) => void
}

export interface CrashReport {
  readonly results: readonly PointResult[]
  /** Of the whole, after the last point. */
  readonly violations: readonly (Violation & { readonly serial: string })[]
  readonly orchestratorStarts: number
  readonly counters: Readonly<Record<string, number>>
  /** For a look where something did not hold. */
  readonly output: string
}

/** Points in which each victim comes up equally often, in an order that follows from the seed. */
const pointsOf = (count: number, seed: number): Point[] => {
  const dice = seeded(seed)
  const points = Array.from(
    { length: count },
    (_, index): Point => ({
      number: index + 1,
      victim: victims[index % victims.length]!,
      dice: [dice(), dice(), dice()],
    }),
  )
  return points
    .map((point) => ({ point, at: dice() }))
    .sort((a, b) => a.at - b.at)
    .map(({ point }) => point)
}

/** A point whose victim was gone is tried again so often. */
const MISSES_PER_POINT = 2

/**
 * Kills processes in the middle of what they do, at points that follow from a seed, and looks each time whether
 * anything was lost, done twice or left with credentials that do not log in. Throws only where it could not begin.
 */
export const runCrashPoints = async (options: CrashOptions): Promise<CrashReport> => {
  const { folder, say } = options
  const orchestrator = await Orchestrator.prepare(join(folder, 'data'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => orchestrator.stop().then(() => undefined))
  await orchestrator.start()
  const api = new Api(orchestrator)
  stack.defer(() => api.close())

  const machines = await Promise.all(
    Array.from({ length: options.machines }, async (_, index) => {
      const serial = `CRASH${String(index + 1).padStart(3, '0')}`
      const uuid = `4c4c4544-0042-4a10-8056-${String(index + 1).padStart(12, '0')}`
      const home = join(folder, serial)
      mkdirSync(home)
      const envFile = join(home, 'node.env')
      const hostId = await api.enrol(serial.toLowerCase(), serial, uuid, envFile)
      const node = new SimulatedNode({ serial, uuid, envFile, folder: join(home, 'machine') })
      const machine = new CrashMachine(node, hostId, orchestrator, api)
      stack.defer(async () => void (await node.stop()))
      await machine.start()
      return machine
    }),
  )

  const queue = pointsOf(options.points, options.seed)
  const results: PointResult[] = []
  let misses = 0
  const tellOf = (result: PointResult): void => {
    const { number, serial, victim, act, moment, killed, life, code, seconds, violations } = result
    say(
      `${String(number).padStart(4)} ${serial} ${act}: ${killed === undefined ? `no ${victim} to kill` : `kill -9 of ${victim} (${killed})`} after ${moment} → ${life} ${code} in ${seconds.toFixed(1)} s${violations.map(({ kind, what }) => `\n     ${kind}: ${what}`).join('')}`,
    )
  }
  await Promise.all(
    machines.map(async (machine) => {
      for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
        const result = await machine.suffer(point)
        await machine.settled()
        tellOf(result)
        results.push(result)
        // Gone before it could be killed: somebody else suffers instead.
        if (result.killed === undefined && misses < options.points * MISSES_PER_POINT) {
          misses++
          const [act, moment, wait] = point.dice
          queue.push({ ...point, dice: [act, moment, wait / 2] })
        }
      }
    }),
  )

  // A process that has nothing in memory reads what is kept.
  await orchestrator.kill()
  const violations: (Violation & { readonly serial: string })[] = []
  const counters: Record<string, number> = {}
  for (const machine of machines) {
    const { serial } = machine.node
    const found = [...(await machine.loginViolations()), ...(await machine.countViolations())]
    violations.push(...found.map((violation) => ({ serial, ...violation })))
    for (const [name, count] of Object.entries((await machine.node.firmware()).counters))
      counters[name] = (counters[name] ?? 0) + count
  }
  return {
    results,
    violations,
    orchestratorStarts: orchestrator.starts,
    counters,
    output: `${orchestrator.output}\n${machines.map(({ node }) => node.output).join('\n')}`,
  }
}
