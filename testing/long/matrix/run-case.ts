import { isPowerKind, type Operation, type OperationKind } from '@outrider/domain/operations'
import type { Counters } from '@outrider/firmware'
import { until } from '../../harness/index.ts'
import type { House } from '../house/house.ts'
import type { Machine } from '../house/machine.ts'
import { type Act, type Case, isActivation, type WatchName, watchNames, watchOf } from './cases.ts'

/** How one case went. */
export interface Outcome {
  readonly of: Case
  /** `survived`: the act succeeded all the same. `ended`: it ended with `code`, and succeeded when asked for again. */
  readonly how: 'survived' | 'ended'
  readonly code?: string
  /** What must not be; empty where all held. */
  readonly wrong: readonly string[]
  readonly milliseconds: number
}

export const NOT_REACHED = 'the step was not reached'

/** Longest life of one operation here: generous, since everything shares two cores with others. */
const LONGEST = 120_000
const never = new AbortController().signal

const kindOf = (act: Act): OperationKind => {
  switch (act) {
    case 'deactivate-by-agent':
      return 'deactivate'
    case 'activate-admin':
    case 'upgrade':
      return 'activate'
    default:
      return act
  }
}

/** The control mode an act ends in. */
const modeOf = (act: Act): 'none' | 'client' | 'admin' =>
  kindOf(act) === 'deactivate' ? 'none' : act === 'activate-admin' || act === 'upgrade' ? 'admin' : 'client'

/** Asks for an act. */
export const request = (house: House, { hostId }: Machine, act: Act, turn: string): Promise<Operation> =>
  house.request(hostId, kindOf(act), `${hostId} ${turn}`, modeOf(act) === 'admin' ? 'admin' : 'client')

/** The device has opened its tunnel whole, and said all it says by itself. */
export const isSettled = ({ apf }: Machine): boolean => apf.up.count('keepaliveOptionsReply') > 0

const isPresent = (house: House, machine: Machine) => house.mps.control.presence(house.project, machine.uuid, never)

/** Brings a fresh machine to where the act can be asked for. */
export const prepare = async (house: House, machine: Machine, act: Act): Promise<void> => {
  if (isActivation(act)) return
  const made = await house.ended(
    (await house.request(machine.hostId, 'activate', `${machine.hostId} prepare`)).id,
    LONGEST,
  )
  if (made.life !== 'succeeded') throw new Error(`it could not be prepared: ${made.fault?.code}`)
  if (act !== 'deactivate-by-agent') {
    await until(() => isSettled(machine))
    return
  }
  // What is not connected yet cannot be cut.
  await until(() => machine.firmware.device.volatile.tunnel.at === 'connected')
  machine.firmware.disturbances.add({ at: 'cira', what: 'refuse' })
  machine.firmware.device.tunnel.cut()
  await until(async () => (await isPresent(house, machine)) === undefined)
  machine.firmware.disturbances.clear()
  machine.firmware.disturbances.add({ at: 'cira', what: 'refuse', times: 10_000 })
}

/** Runs one case on a machine of its own, which must be fresh. */
export const runCase = async (house: House, machine: Machine, of: Case): Promise<Outcome> => {
  const began = performance.now()
  const wrong: string[] = []
  const { act } = of
  const kind = kindOf(act)
  await prepare(house, machine, act)
  for (const name of watchNames) watchOf(machine, name).begin()
  const before = { ...machine.firmware.counters }
  const count = (action: keyof Counters): number => machine.firmware.counters[action] - before[action]
  const runsBefore = machine.runs.length
  const fired = of.arm(machine)

  const first = await ask(house, machine, act, 'first', wrong)
  // Some steps come a moment after the act was through.
  await until(() => fired() > 0, 5000).catch(() => wrong.push(NOT_REACHED))
  checkActs(first, kind, count, 1, wrong)
  quiet(machine)

  let how: Outcome['how'] = 'survived'
  if (first?.life !== 'succeeded') {
    how = 'ended'
    checkFault(first, wrong)
    if (isPowerKind(kind))
      await until(() => answers(house, machine, 'client'), 30_000, 100).catch(() =>
        wrong.push('its tunnel does not come back'),
      )
    const second = await ask(house, machine, act, 'second', wrong)
    if (second?.life !== 'succeeded')
      wrong.push(
        `asked again it ${second?.life ?? 'did not end'}: ${second?.fault?.code ?? ''} ${second?.fault?.message ?? ''}`,
      )
    checkActs(second, kind, count, 2, wrong)
  }
  await checkState(house, machine, act, wrong)
  for (const run of machine.runs.slice(runsBefore))
    if (run.stderr.includes('went wrong inside')) wrong.push(`RPC: ${run.stderr.trim()}`)
  return {
    of,
    how,
    ...(first?.fault === undefined ? {} : { code: first.fault.code }),
    wrong,
    milliseconds: Math.round(performance.now() - began),
  }
}

/** Nothing goes wrong any more. */
const quiet = (machine: Machine): void => {
  for (const name of watchNames) watchOf(machine, name satisfies WatchName).disarm()
  machine.firmware.disturbances.clear()
  machine.ciraTcp.set(undefined)
  machine.rpsTcp.set(undefined)
}

const ask = async (
  house: House,
  machine: Machine,
  act: Act,
  turn: string,
  wrong: string[],
): Promise<Operation | undefined> => {
  try {
    const asked = await request(house, machine, act, turn)
    return await house.ended(asked.id, LONGEST)
  } catch (error) {
    wrong.push(`the ${turn} did not end: ${(error as Error).message}`)
    return undefined
  }
}

const checkFault = (operation: Operation | undefined, wrong: string[]): void => {
  if (operation === undefined) return
  const { fault, life } = operation
  if (fault === undefined) wrong.push(`it ${life} without a fault`)
  else if (fault.kind === 'bug' || fault.code === 'INTERNAL') wrong.push(`it ${life} with ${fault.code}`)
  else if (fault.remedy === '' || /\{\w+\}/.test(fault.message)) wrong.push(`${fault.code} says: ${fault.message}`)
}

const ACTS = { reset: 'reset', 'power-off': 'powerOff' } as const

/** Nothing was done twice, and what succeeded was done. */
const checkActs = (
  operation: Operation | undefined,
  kind: OperationKind,
  count: (action: keyof Counters) => number,
  requests: number,
  wrong: string[],
): void => {
  const doubled = (action: keyof Counters, most: number): void => {
    if (count(action) > most) wrong.push(`${action} was done ${count(action)} times, at most ${most} are right`)
  }
  switch (kind) {
    case 'activate':
      for (const action of ['setup', 'adminSetup', 'upgradeToAdmin'] as const) doubled(action, 1 + count('unprovision'))
      return
    case 'deactivate':
      doubled('unprovision', 1)
      doubled('setup', 0)
      return
    case 'reset':
    case 'power-off': {
      const action = ACTS[kind]
      // A machine that is off already is not switched off again.
      doubled(action, kind === 'reset' ? requests : 1)
      if (operation?.life === 'refused' && count(action) > requests - 1) wrong.push(`refused, and ${action} was done`)
      if (operation?.life === 'succeeded' && count(action) === 0) wrong.push(`succeeded without a ${action}`)
      return
    }
  }
}

/** Whether the device is connected and opens to the password that is stored. */
const answers = async (house: House, machine: Machine, wanted: 'client' | 'admin'): Promise<boolean> => {
  const mode = await house.mps.control.controlMode(house.project, machine.uuid, never).catch(() => undefined)
  return mode === wanted
}

/** The device is what the act was to make of it, and what is stored opens it. */
const checkState = async (house: House, machine: Machine, act: Act, wrong: string[]): Promise<void> => {
  const { controlMode } = machine.firmware.device.store.now.settings
  const wanted = modeOf(act)
  const reached = (['none', 'client', 'admin'] as const)[controlMode]
  if (reached !== wanted) wrong.push(`its control mode is ${reached} instead of ${wanted}`)
  if (wanted !== 'none')
    await until(() => answers(house, machine, wanted), 20_000, 100).catch(() =>
      wrong.push('the stored password does not open it'),
    )
  await until(() => machine.mei.open === 0 && machine.rps.open === 0 && machine.rpsTcp.connections === 0, 30_000).catch(
    () =>
      wrong.push(
        `left open: ${machine.mei.open} connections to the engine, ${machine.rps.open} WebSockets, ${machine.rpsTcp.connections} of TCP`,
      ),
  )
}
