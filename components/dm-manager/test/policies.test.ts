import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conditionOf, type HostChange, type HostPolicy } from '@outrider/domain/hosts'
import { isOfPolicy } from '@outrider/domain/operations'
import { Fault, minutes, seconds } from '@outrider/protocols/values'
import { AMT_GUID, House } from './house.ts'

const never = new AbortController().signal
const ours = { currentAmt: 'provisioned', amtGuid: AMT_GUID, currentPower: 'on' } as const

const kept = async (policy: HostPolicy): Promise<House> => {
  const house = await House.build({ ...ours, policy })
  house.machine.mode = 'client'
  await house.connect(true)
  await house.start()
  return house
}
const write = (house: House, change: HostChange) =>
  house.inventory.changeHost(house.project, 'host-00000001', () => change, never)
const asked = async (house: House) => {
  const { items } = await house.inventory.operations(
    house.project,
    { hostId: 'host-00000001', order: 'oldest', limit: 100 },
    never,
  )
  return items.filter(({ requester }) => isOfPolicy(requester))
}

test('keep-on: a machine whose user shuts it down is powered on, in the name of the policy', async () => {
  const house = await kept('keep-on')
  await house.time.pass(minutes(5))
  assert.deepEqual(house.machine.acts, [], 'nothing is done to a machine that is on')
  house.machine.power = 8
  await house.time.until(() => house.machine.power === 2, minutes(1))
  assert.deepEqual(house.machine.acts, [2])
  const [operation, ...others] = await asked(house)
  assert.deepEqual([operation?.kind, operation?.requester.name, others.length], ['power-on', 'policy keep-on', 0])
  await house.time.pass(minutes(5))
  assert.equal((await house.record()).currentPower, 'on')
  assert.equal((await asked(house)).length, 1)
  await house.close()
})

test('follow: it stays down', async () => {
  const house = await kept('follow')
  house.machine.power = 8
  await house.time.pass(minutes(30))
  assert.deepEqual([house.machine.acts, (await asked(house)).length], [[], 0])
  await house.close()
})

test('a policy is followed from when it is written, and no more once it is taken back', async () => {
  const house = await kept('follow')
  house.machine.power = 8
  await write(house, { policy: 'keep-on' })
  await house.time.until(() => house.machine.power === 2, minutes(1))
  await write(house, { policy: 'follow' })
  await house.time.settle()
  house.machine.power = 8
  await house.time.pass(minutes(30))
  assert.deepEqual(house.machine.acts, [2])
  assert.equal((await house.record()).currentPower, 'on', 'nobody looked')
  await house.close()
})

test('keep-on asks ever more slowly, gives up in the end and says so, until somebody asks for something', async () => {
  const house = await kept('keep-on')
  house.machine.refuse.set(
    '2',
    new Fault({
      kind: 'device',
      code: 'AMT_REFUSED',
      message: 'No.',
      remedy: '',
      detail: { status: 'INTERNAL_ERROR' },
    }),
  )
  house.machine.power = 8
  await house.time.until(async () => conditionOf(await house.record(), 'policy-gave-up') !== undefined, minutes(60))
  const operations = await asked(house)
  assert.equal(operations.length, 6)
  const pauses = operations.slice(1).map(({ createdAt }, n) => Math.round((createdAt - operations[n]!.endedAt!) / 1000))
  for (const [n, pause] of pauses.entries()) assert.ok(pause >= 30 * 2 ** n && pause <= 30 * 2 ** n + 40, `${pauses}`)
  const { fault } = conditionOf(await house.record(), 'policy-gave-up')!
  assert.equal(fault.code, 'POLICY_GAVE_UP')
  assert.ok(house.events.some(({ name }) => name === 'policy.gave-up'))
  await house.time.pass(minutes(30))
  assert.equal((await asked(house)).length, 6)

  house.machine.refuse.clear()
  await write(house, { policySince: house.time.now, conditions: [] })
  await house.time.until(() => house.machine.power === 2, minutes(2))
  await house.close()
})

test('a policy that gave up is over it when the machine is seen to be well', async () => {
  const house = await kept('keep-on')
  const fault = { kind: 'conflict', code: 'POLICY_GAVE_UP', message: '', remedy: '' } as const
  await write(house, { conditions: [{ type: 'policy-gave-up', fault, since: 0 }] })
  await house.time.until(async () => conditionOf(await house.record(), 'policy-gave-up') === undefined, minutes(1))
  await house.close()
})

test('a device that is away is waited for', async () => {
  const house = await kept('keep-on')
  await house.connect(false)
  house.machine.power = 8
  await house.time.pass(minutes(10))
  assert.equal((await asked(house)).length, 0)
  await house.connect(true)
  await house.time.until(() => house.machine.power === 2, seconds(5))
  await house.close()
})

test('keep-provisioned: a machine that is found unprovisioned is activated again, without a new enrolment', async () => {
  const house = await kept('keep-provisioned')
  house.startAgent()
  await house.time.pass(minutes(10))
  assert.deepEqual(house.machine.acts, [])
  // Unconfigured in the BIOS setup: its tunnel ends, and its agent is asked to look at once.
  house.machine.mode = 'none'
  await house.connect(false)
  await house.time.until(async () => house.connected && (await house.record()).currentAmt === 'provisioned', minutes(2))
  assert.deepEqual([house.machine.mode, house.machine.acts], ['client', ['activate']])
  const [operation] = await asked(house)
  assert.deepEqual([operation?.kind, operation?.requester.name], ['activate', 'policy keep-provisioned'])
  await house.close()
})

test('keep-provisioned keeps the control mode, and waits for the agent', async () => {
  const house = await kept('keep-provisioned')
  await write(house, { desiredControlMode: 'admin' })
  house.startAgent()
  await house.time.settle()
  house.machine.mode = 'none'
  await house.connect(false)
  await house.agent!.detect()
  house.agent!.stop()
  await house.time.until(async () => (await asked(house)).every(({ life }) => life !== 'running'), minutes(40))
  house.startAgent()
  await house.time.until(() => house.machine.mode === 'admin', minutes(5))
  await house.close()
})

test('two managers over the same host ask once', async () => {
  const house = await kept('keep-on')
  house.machine.power = 8
  const requests = await Promise.all(
    [1, 2].map(() =>
      house.inventory.request(
        house.project,
        'host-00000001',
        { kind: 'power-on', requester: { subject: 'outrider:policy', name: 'policy keep-on' }, idempotencyKey: 'same' },
        never,
      ),
    ),
  )
  assert.equal(requests[0]!.id, requests[1]!.id)
  await house.close()
})
