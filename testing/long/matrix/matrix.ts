import { until } from '../../harness/index.ts'
import { House } from '../house/house.ts'
import { Machine } from '../house/machine.ts'
import type { Noise } from '../noise.ts'
import { backTo, restingResources } from '../resources.ts'
import type { StepName } from '../wires/step-watch.ts'
import { type Act, acts, allCases, type Case, type Recording, type WatchName, watchNames, watchOf } from './cases.ts'
import { isSettled, kindOf, type Outcome, prepare, runCase } from './run-case.ts'

export interface MatrixOptions {
  readonly noise: Noise
  /** Of all cases there are, those to run. */
  readonly choose: (cases: readonly Case[]) => readonly Case[]
  /** How many machines at a time. */
  readonly parallel: number
  /** No wave is begun after it. */
  readonly until?: number
  readonly tell?: (line: string) => void
}

export interface MatrixResult {
  readonly outcomes: readonly Outcome[]
  readonly cases: number
  /** What was still there after a wave, or went wrong outside of a case. */
  readonly leaks: readonly string[]
}

/** Runs cases in waves, each machine its own, and looks after each wave that everything is back at the start. */
export const runMatrix = async (options: MatrixOptions): Promise<MatrixResult> => {
  const { noise, parallel, tell } = options
  await using house = await House.open()
  const recording = await record(house, noise)
  const chosen = options.choose(allCases(recording))
  const resting = await restingResources()
  const outcomes: Outcome[] = []
  const leaks: string[] = []
  for (let at = 0; at < chosen.length; at += parallel) {
    if (options.until !== undefined && performance.now() > options.until) break
    const wave = chosen.slice(at, at + parallel)
    const seen = house.events.all.length
    const done = await Promise.all(
      wave.map(async (of) => {
        const outcome = await runOne(house, of, noise)
        if (tell !== undefined)
          tell(
            `${outcome.wrong.length === 0 ? 'ok    ' : 'FAILED'} ${of.name}: ${outcome.how} ${outcome.code ?? ''} ${outcome.milliseconds} ms ${outcome.wrong.join('; ')}`,
          )
        return outcome
      }),
    )
    outcomes.push(...done)
    const left = [...(await leftIn(house)), ...(await backTo(resting, 20_000)), ...bugs(house, seen)]
    for (const what of left) leaks.push(`${what} (after ${wave.map(({ name }) => name).join(', ')})`)
    for (const what of left) tell?.(`LEFT   ${what}`)
  }
  return { outcomes, cases: chosen.length, leaks }
}

const runOne = async (house: House, of: Case, noise: Noise): Promise<Outcome> => {
  const began = performance.now()
  try {
    await using machine = await Machine.start(house, noise.fork())
    return await runCase(house, machine, of)
  } catch (error) {
    const wrong = [`the case broke off: ${(error as Error).stack ?? String(error)}`]
    return { of, how: 'ended', wrong, milliseconds: Math.round(performance.now() - began) }
  }
}

/** Which steps each act takes undisturbed: those of two runs that both took. */
export const record = async (house: House, noise: Noise): Promise<Recording> =>
  new Map(
    await Promise.all(
      acts.map(async (act): Promise<[Act, Map<WatchName, readonly StepName[]>]> => {
        const [one, other] = [await recordOnce(house, act, noise.fork()), await recordOnce(house, act, noise.fork())]
        const taken = new Set(other.map(([name, step]) => key(name, step)))
        const both = one.filter(([name, step]) => taken.has(key(name, step)))
        const stepsOf = (wanted: WatchName) => both.filter(([name]) => name === wanted).map(([, step]) => step)
        return [act, new Map(watchNames.map((name) => [name, stepsOf(name)]))]
      }),
    ),
  )

const key = (watch: WatchName, { name, nth }: StepName): string => `${watch} ${name}#${nth}`

const recordOnce = async (house: House, act: Act, noise: Noise): Promise<(readonly [WatchName, StepName])[]> => {
  await using machine = await Machine.start(house, noise)
  await prepare(house, machine, act)
  for (const name of watchNames) watchOf(machine, name).begin()
  const asked = await house.request(machine.hostId, kindOf(act), `${machine.hostId} recorded`)
  const { life, fault } = await house.ended(asked.id, 60_000)
  if (life !== 'succeeded') throw new Error(`undisturbed, ${act} ${life}: ${fault?.code}`)
  if (act === 'activate') await until(() => isSettled(machine))
  return watchNames.flatMap((name) => watchOf(machine, name).passed.map((step) => [name, step] as const))
}

/** What the components still hold once no machine is there. */
const leftIn = async (house: House): Promise<readonly string[]> => {
  const { mps, rps } = house
  const counts = () =>
    Object.entries({
      tunnels: mps.tunnels,
      channels: mps.channels,
      'connections of devices': mps.connections,
      'provisioning sessions': rps.sessions,
    }).filter(([, count]) => count > 0)
  await until(() => counts().length === 0, 20_000, 20).catch(() => undefined)
  return counts().map(([what, count]) => `${count} ${what}`)
}

/** Events that are never right, whatever a device or a network does. */
const bugs = (house: House, from: number): readonly string[] => {
  const found: string[] = []
  for (const { name, fields } of house.events.all.slice(from)) {
    const never = name === 'service.error' || name === 'http.failed'
    if (never || fields.code === 'INTERNAL' || (name === 'cira.rejected' && fields.reason === 'failed'))
      found.push(`${name} ${JSON.stringify(fields)}`)
  }
  return found
}
