import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OperationKind } from '@outrider/domain/operations'
import { minutes } from '@outrider/protocols/values'
import { AMT_GUID, House } from './house.ts'

/** Everything in `npm run test:long`; a share of it otherwise. */
const LONG = process.env.OUTRIDER_TEST_LONG !== undefined

interface Scenario {
  readonly kind: OperationKind
  readonly policy?: 'immediate' | 'ordered'
  /** Every so many-th wait only, where not all are asked for. */
  readonly share: number
  readonly prepare: (house: House) => Promise<void>
  /** What must be true in the end, however often the process died. */
  readonly holds: (house: House, end: string) => void
}

const activated = async (house: House): Promise<void> => {
  house.machine.mode = 'client'
  house.machine.power = 2
  await house.connect(true)
  const signal = new AbortController().signal
  const change = () => ({ currentAmt: 'provisioned', amtGuid: AMT_GUID }) as const
  await house.inventory.changeHost(house.project, 'host-00000001', change, signal)
}
const idle = async (house: House): Promise<void> => {
  house.machine.mode = 'none'
  await house.connect(false)
  const signal = new AbortController().signal
  await house.inventory.changeHost(house.project, 'host-00000001', () => ({ currentAmt: 'unprovisioned' }), signal)
}

const scenarios: readonly Scenario[] = [
  {
    kind: 'activate',
    share: 7,
    prepare: idle,
    holds: ({ machine }, end) => {
      assert.equal(end, 'succeeded')
      assert.deepEqual([machine.mode, machine.acts], ['client', ['activate']])
    },
  },
  {
    kind: 'deactivate',
    share: 7,
    prepare: activated,
    holds: ({ machine, forgotten }, end) => {
      assert.equal(end, 'succeeded')
      assert.deepEqual([machine.mode, machine.acts], ['none', ['deactivate']])
      assert.ok(forgotten.includes(AMT_GUID))
    },
  },
  {
    kind: 'power-off',
    share: 4,
    prepare: activated,
    holds: ({ machine }, end) => {
      assert.ok(machine.acts.length <= 1, `sent ${machine.acts}`)
      // Marked and never sent is the price of never sending twice.
      assert.equal(end, machine.acts.length === 1 ? 'succeeded' : 'failed POWER_STATE_NOT_REACHED')
    },
  },
  {
    kind: 'power-off',
    policy: 'ordered',
    share: 11,
    prepare: async (house) => {
      house.machine.obeysSoft = false
      await activated(house)
    },
    holds: ({ machine }, end) => {
      assert.equal(new Set(machine.acts).size, machine.acts.length, `sent ${machine.acts}`)
      assert.equal(end, machine.acts.includes(8) ? 'succeeded' : 'failed POWER_STATE_NOT_REACHED')
    },
  },
  {
    kind: 'reset',
    share: 3,
    prepare: activated,
    holds: ({ machine }, end) => {
      assert.ok(machine.acts.length <= 1, `sent ${machine.acts}`)
      assert.ok(end === 'failed OUTCOME_UNKNOWN' || (end === 'succeeded' && machine.acts.length === 1), end)
    },
  },
]

/** Runs a scenario in a process that dies at its `nth` wait, and in the one after it. Whether it died. */
const run = async (house: House, scenario: Scenario, nth: number, when: 'before' | 'after'): Promise<boolean> => {
  house.machine.acts = []
  house.forgotten.length = 0
  await scenario.prepare(house)
  await house.time.pass(3000)
  // As an agent tells of every change.
  await house.agent?.detect()
  const { life } = house
  life.when = when
  life.dieAt = life.count + nth
  const span = minutes(scenario.kind === 'activate' || scenario.kind === 'deactivate' ? 30 : 2)
  const id = await house.request(scenario.kind, {
    powerPolicy: scenario.policy ?? 'immediate',
    deadline: house.time.now + span,
  })
  await house.time.until(async () => life.dead || (await house.ended(id)) !== undefined, 60 * 60_000)
  const died = life.dead
  if (died) await house.start()
  else life.dieAt = Number.POSITIVE_INFINITY
  const end = await house.end(id)
  scenario.holds(house, end)
  return died
}

for (const scenario of scenarios)
  test(`killed between any two waits: ${scenario.kind} ${scenario.policy ?? ''}`, async () => {
    const house = await House.build()
    await house.start()
    house.startAgent()
    const step = LONG ? 1 : scenario.share
    for (const when of ['before', 'after'] as const)
      for (let nth = when === 'before' ? 1 : 2; ; nth += step)
        if (!(await run(house, scenario, nth, when).catch((error) => fail(error, nth, when)))) break
    await house.close()
  })

const fail = (error: unknown, nth: number, when: string): never => {
  throw new Error(`killed ${when} wait ${nth}`, { cause: error })
}
