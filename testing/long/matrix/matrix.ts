import { until } from '../../harness/index.ts'
import { isBug } from '../house/event-trail.ts'
import type { House } from '../house/house.ts'
import { Machine } from '../house/machine.ts'
import type { Noise } from '../noise.ts'
import { backTo, restingResources } from '../resources.ts'
import { RunningTimers } from '../timers.ts'
import type { StepName } from '../wires/step-watch.ts'
import {
  type Act,
  acts,
  allCases,
  type Case,
  isActivation,
  type Recording,
  type WatchName,
  watchNames,
  watchOf,
} from './cases.ts'
import { isSettled, NOT_REACHED, type Outcome, prepare, request, runCase } from './run-case.ts'

export interface MatrixOptions {
  readonly noise: Noise
  /** The acts that are disturbed; all where left out. */
  readonly acts?: readonly Act[]
  /** Of all cases there are, those to run. */
  readonly choose: (cases: readonly Case[]) => readonly Case[]
  /** How many machines at a time. */
  readonly parallel: number
  /** No wave is begun after it. */
  readonly until?: number
  readonly tell?: (line: string) => void
  /** Whether every timer is counted too, which takes a minute more. */
  readonly timers?: boolean
}

export interface MatrixResult {
  readonly outcomes: readonly Outcome[]
  readonly cases: number
  /** What was still there after a wave, or went wrong outside of a case. */
  readonly leaks: readonly string[]
}

/** The house's own come and go. */
const SPARE_TIMERS = 4
/** Longer than any deadline here. */
const TIMERS_WITHIN = 60_000

/** Runs cases in waves, each machine its own, and looks after each wave that everything is back at the start. */
export const runMatrix = async (house: House, options: MatrixOptions): Promise<MatrixResult> => {
  const { noise, parallel, tell } = options
  using timers = options.timers === true ? new RunningTimers() : undefined
  const recording = await record(house, options.acts ?? acts, noise)
  const chosen = options.choose(allCases(recording))
  const resting = await restingResources()
  const restingTimers = timers?.count
  const outcomes: Outcome[] = []
  const leaks: string[] = []
  for (let at = 0; at < chosen.length; at += parallel) {
    if (options.until !== undefined && performance.now() > options.until) break
    const wave = chosen.slice(at, at + parallel)
    const seen = house.events.mark
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
  if (timers !== undefined && restingTimers !== undefined)
    await until(() => timers.count <= restingTimers + SPARE_TIMERS, TIMERS_WITHIN, 100).catch(() =>
      leaks.push(`${timers.count} timers run instead of ${restingTimers}: ${timers.places.join(', ')}`),
    )
  return { outcomes, cases: chosen.length, leaks }
}

const runOne = async (house: House, of: Case, noise: Noise): Promise<Outcome> => {
  const began = performance.now()
  try {
    const first = await onItsOwn(house, of, noise.fork())
    // A machine this busy may go another way once.
    return first.wrong.includes(NOT_REACHED) ? await onItsOwn(house, of, noise.fork()) : first
  } catch (error) {
    const wrong = [`the case broke off: ${(error as Error).stack ?? String(error)}`]
    return { of, how: 'ended', wrong, milliseconds: Math.round(performance.now() - began) }
  }
}

const onItsOwn = async (house: House, of: Case, noise: Noise): Promise<Outcome> => {
  await using machine = await Machine.start(house, noise)
  const seen = house.events.mark
  const outcome = await runCase(house, machine, of)
  return outcome.wrong.length === 0 ? outcome : { ...outcome, wrong: [...outcome.wrong, trail(house, machine, seen)] }
}

/** What was told of one machine, for whoever has to find out what went wrong. */
const trail = (house: House, { uuid, hostId }: Machine, from: number): string =>
  house.events
    .since(from)
    .filter(({ fields }) => fields.guid === uuid || fields.host === hostId)
    .map(({ name, fields }) => `${name} ${String(fields.step ?? fields.code ?? fields.reason ?? fields.life ?? '')}`)
    .join(' > ')

/** Which steps each act takes undisturbed: those of two runs that both took. */
export const record = async (house: House, recorded: readonly Act[], noise: Noise): Promise<Recording> =>
  new Map(
    await Promise.all(
      recorded.map(async (act): Promise<[Act, Map<WatchName, readonly StepName[]>]> => {
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
  const lists = watchNames.map((name) => [name, watchOf(machine, name).record()] as const)
  const asked = await request(house, machine, act, 'recorded')
  const { life, fault } = await house.ended(asked.id, 60_000)
  if (life !== 'succeeded') throw new Error(`undisturbed, ${act} ${life}: ${fault?.code}`)
  if (isActivation(act)) await until(() => isSettled(machine))
  return lists.flatMap(([name, steps]) => steps.map((step) => [name, step] as const))
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

const bugs = (house: House, from: number): readonly string[] =>
  house.events
    .since(from)
    .filter(isBug)
    .map(({ name, fields }) => `${name} ${JSON.stringify(fields)}`)
