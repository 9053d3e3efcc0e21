import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agent } from '@outrider/protocols/grpc'
import { Fault, guid, minutes } from '@outrider/protocols/values'
import { AMT_GUID, House } from './house.ts'

const DETECTED = { support: 'amt', reason: 'AMT_READY', message: '', controlMode: 'client', at: 1 } as const
const provisioned = { currentAmt: 'provisioned', amtGuid: AMT_GUID } as const

/** A house with a running dm-manager. */
const inhabited = async (fields = {}, config = {}): Promise<House> => {
  const house = await House.build(fields)
  house.config = { ...house.config, ...config }
  await house.start()
  return house
}
const connected = async (): Promise<House> => {
  const house = await inhabited(provisioned)
  house.machine.mode = 'client'
  await house.connect(true)
  return house
}

test('activation, from the request to the tunnel', async () => {
  const house = await inhabited()
  house.startAgent()
  const id = await house.request('activate', { controlMode: 'client' })
  assert.equal(await house.end(id), 'succeeded')
  assert.deepEqual(house.machine.acts, ['activate'])
  const steps = await house.steps(id)
  for (const step of ['order-offered', 'agent-running', 'activated', 'control-mode-confirmed', 'connected'])
    assert.ok(steps.includes(step), `${step} in ${steps}`)
  const host = await house.record()
  assert.deepEqual(
    [host.currentAmt, host.amtStatus.text, host.amtGuid],
    ['provisioned', 'AMT Activation Done', AMT_GUID],
  )
  assert.equal((await house.operation(id)).attempt, 1)
  const again = await house.request('activate')
  assert.equal(await house.end(again), 'succeeded')
  assert.deepEqual(await house.steps(again), ['already'])
  assert.deepEqual(house.machine.acts, ['activate'])
  await house.close()
})

test('from client into admin control mode in place; the way back is refused', async () => {
  const house = await inhabited({ ...provisioned, detection: DETECTED })
  house.machine.mode = 'client'
  await house.connect(true)
  house.startAgent()
  const id = await house.request('activate', { controlMode: 'admin' })
  assert.equal(await house.end(id), 'succeeded')
  assert.deepEqual(house.machine.acts, ['upgrade'])
  assert.equal((await house.record()).detection?.controlMode, 'admin')
  const back = await house.request('activate', { controlMode: 'client' })
  assert.equal(await house.end(back), 'refused ACTIVATED_OTHERWISE')
  assert.match((await house.operation(back)).fault!.remedy, /--control-mode client/)
  assert.deepEqual(house.machine.acts, ['upgrade'])
  const again = await house.request('activate', { controlMode: 'admin' })
  assert.equal(await house.end(again), 'succeeded')
  assert.deepEqual(await house.steps(again), ['already'])
  await house.close()
})

test('after a deactivation the same agent activates again, in either mode', async () => {
  const house = await inhabited()
  house.startAgent()
  for (const [kind, mode] of [
    ['activate', 'admin'],
    ['deactivate', undefined],
    ['activate', 'client'],
    ['activate', 'admin'],
  ] as const) {
    const id = await house.request(kind, mode === undefined ? {} : { controlMode: mode })
    assert.equal(await house.end(id), 'succeeded', `${kind} ${mode}`)
  }
  assert.deepEqual(house.machine.acts, ['activate', 'deactivate', 'activate', 'upgrade'])
  await house.close()
})

test('an activation waits for its agent and says so; without one it is refused at its deadline', async () => {
  const house = await inhabited()
  const id = await house.request('activate')
  await house.time.pass(minutes(2))
  assert.equal((await house.operation(id)).life, 'queued')
  assert.deepEqual(await house.steps(id), ['waiting-for-agent'])
  house.startAgent()
  assert.equal(await house.end(id), 'succeeded')
  const late = await House.build()
  await late.start()
  const other = await late.request('activate')
  assert.equal(await late.end(other), 'refused AGENT_AWAY')
  assert.equal(late.tickets.size, 0)
  await house.close()
  await late.close()
})

test('what RPS finds wrong with the device ends the activation; what may mend itself is tried again', async () => {
  const house = await inhabited()
  house.startAgent()
  house.rpsFaults = [
    new Fault({ kind: 'timeout', code: 'WSMAN_NO_REPLY', message: 'No reply.', remedy: '' }),
    new Fault({ kind: 'unavailable', code: 'RPC_GONE', message: 'Gone.', remedy: '' }),
  ]
  const id = await house.request('activate')
  assert.equal(await house.end(id), 'succeeded')
  assert.equal((await house.operation(id)).attempt, 3)
  assert.equal((await house.steps(id)).filter((step) => step === 'retrying').length, 2)
  const other = await House.build()
  await other.start()
  other.startAgent()
  other.rpsFaults = [new Fault({ kind: 'device', code: 'AMT_PASSWORD_UNKNOWN', message: 'No.', remedy: 'Yes.' })]
  assert.equal(await other.end(await other.request('activate')), 'failed AMT_PASSWORD_UNKNOWN')
  assert.equal((await other.record()).amtStatus.text, 'AMT Activation Failed')
  await house.close()
  await other.close()
})

test('a device that never dials is recovered three times, and then it failed with a reason', async () => {
  const house = await inhabited()
  house.machine.dials = false
  house.startAgent()
  const id = await house.request('activate')
  assert.equal(await house.end(id), 'failed TUNNEL_NOT_OPENED')
  const acts = ['activate', 'deactivate', 'activate', 'deactivate', 'activate', 'deactivate', 'activate']
  assert.deepEqual(house.machine.acts, acts)
  assert.equal((await house.steps(id)).filter((step) => step === 'settling').length, 3)
  await house.close()
})

test('deactivation by way of MPS, read back by the agent; only then the credentials go', async () => {
  const house = await connected()
  house.startAgent()
  const id = await house.request('deactivate')
  assert.equal(await house.end(id), 'succeeded')
  assert.deepEqual(house.machine.acts, ['deactivate'])
  assert.deepEqual(house.forgotten, [AMT_GUID])
  const host = await house.record()
  assert.deepEqual(
    [host.currentAmt, host.amtStatus.text, host.powerStatus.text],
    ['unprovisioned', 'AMT deactivated', ''],
  )
  await house.close()
})

test('without a tunnel the agent deactivates; with neither it is refused at the deadline', async () => {
  const house = await inhabited(provisioned)
  house.machine.mode = 'client'
  const early = await house.request('deactivate')
  assert.equal(await house.end(early), 'refused AGENT_AWAY')
  assert.deepEqual([house.machine.acts, house.forgotten], [[], []])
  house.startAgent()
  assert.equal(await house.end(await house.request('deactivate')), 'succeeded')
  assert.deepEqual([house.machine.acts, house.forgotten], [['deactivate'], [AMT_GUID]])
  await house.close()
})

test('a deactivation nobody can read back fails, and the credentials stay', async () => {
  const house = await connected()
  const id = await house.request('deactivate')
  assert.equal(await house.end(id), 'failed DEACTIVATION_UNVERIFIED')
  assert.deepEqual(house.forgotten, [])
  await house.close()
})

test('a lost answer to a deactivation is looked at, not sent again', async () => {
  const house = await connected()
  house.machine.loseAnswer.add('deactivate')
  house.startAgent()
  assert.equal(await house.end(await house.request('deactivate')), 'succeeded')
  assert.deepEqual(house.machine.acts, ['deactivate'])
  await house.close()
})

test('MPS without the password: the agent does it', async () => {
  const house = await connected()
  house.machine.refuse.set(
    'unprovision',
    new Fault({ kind: 'auth', code: 'WSMAN_UNAUTHORIZED', message: 'No.', remedy: '' }),
  )
  house.startAgent()
  assert.equal(await house.end(await house.request('deactivate')), 'succeeded')
  assert.deepEqual(house.machine.acts, ['deactivate'])
  await house.close()
})

test('power: off, on, reset twice in a row, cycle; each is one act', async () => {
  const house = await connected()
  const ids: string[] = []
  for (const kind of ['power-off', 'power-on', 'reset', 'reset', 'power-cycle'] as const)
    ids.push(await house.request(kind))
  for (const id of ids) assert.equal(await house.end(id), 'succeeded')
  assert.deepEqual(house.machine.acts, [8, 2, 10, 10, 5])
  const host = await house.record()
  assert.deepEqual([host.currentPower, host.powerStatus.text], ['power-cycle', 'Power cycle successful'])
  const noop = await house.request('power-on')
  assert.equal(await house.end(noop), 'succeeded')
  assert.deepEqual(await house.steps(noop), ['already'])
  assert.equal(house.machine.acts.length, 5)
  await house.close()
})

test('an ordered power off asks the operating system first', async () => {
  const house = await connected()
  house.machine.obeysSoft = false
  assert.equal(await house.end(await house.request('power-off', { powerPolicy: 'ordered' })), 'succeeded')
  assert.deepEqual(house.machine.acts, [12, 8])
  await house.close()
})

test('refusals leave the device untouched, and are coded', async () => {
  const unprovisioned = await inhabited()
  assert.equal(await unprovisioned.end(await unprovisioned.request('power-off')), 'refused AMT_NOT_PROVISIONED')
  const offline = await inhabited(provisioned)
  assert.equal(await offline.end(await offline.request('power-off')), 'refused DEVICE_NOT_CONNECTED')
  const off = await connected()
  off.machine.power = 8
  assert.equal(await off.end(await off.request('reset')), 'refused POWER_TRANSITION_ILLEGAL')
  const detection = {
    support: 'unsupported',
    reason: 'MEI_NO_DRIVER',
    message: 'there is no MEI driver',
    at: 1,
  } as const
  const unsupported = await inhabited({ detection })
  unsupported.startAgent(agent.Support.UNSUPPORTED)
  assert.equal(await unsupported.end(await unsupported.request('activate')), 'refused MACHINE_UNSUPPORTED')
  for (const house of [unprovisioned, offline, off, unsupported]) {
    assert.deepEqual(house.machine.acts, [])
    assert.equal(house.tickets.size, 0)
    await house.close()
  }
})

test('a device at somebody else’s MPS is named', async () => {
  const detection = {
    support: 'amt',
    reason: 'AMT_READY',
    message: '',
    controlMode: 'admin',
    remoteStatus: 'connected',
    mpsHostname: 'mps.elsewhere.example',
    at: 1,
  } as const
  const house = await inhabited({ detection }, { mpsHostnames: ['mps.example.org'] })
  const id = await house.request('activate')
  assert.equal(await house.end(id), 'refused CONNECTED_TO_FOREIGN_MPS')
  assert.match((await house.operation(id)).fault?.message ?? '', /mps\.elsewhere\.example/)
  await house.close()
})

test('after a start devices get the time to dial again', async () => {
  const house = await inhabited(provisioned, { presenceGraceSeconds: 30 })
  const id = await house.request('power-off')
  await house.time.pass(5000)
  assert.equal((await house.operation(id)).life, 'queued')
  await house.connect(true)
  assert.equal(await house.end(id), 'succeeded')
  await house.close()
})

test('operations of one host go one after the other, of two hosts beside each other', async () => {
  const house = await connected()
  await house.addHost('host-00000002', { uuid: guid('55555555-5555-4555-8555-555555555555') })
  const waiting = await house.request('activate', { hostId: 'host-00000002' })
  const first = await house.request('power-off')
  const second = await house.request('power-on')
  assert.equal(await house.end(second), 'succeeded')
  assert.equal((await house.operation(first)).life, 'succeeded')
  assert.equal((await house.operation(waiting)).life, 'queued')
  await house.close()
})

test('a queued operation that is cancelled is not done', async () => {
  const house = await inhabited()
  const id = await house.request('activate')
  await house.time.settle()
  const { epoch } = await house.operation(id)
  const none = new AbortController().signal
  await house.inventory.advanceOperation(house.project, id, epoch, { life: 'cancelled' }, undefined, none)
  house.startAgent()
  await house.time.pass(minutes(1))
  assert.equal((await house.operation(id)).life, 'cancelled')
  assert.deepEqual([house.tickets.size, house.machine.acts], [0, []])
  await house.close()
})

test('what is away comes back: the work goes on by itself, and the interruption is an event', async () => {
  const house = await inhabited(provisioned)
  house.machine.mode = 'client'
  await house.connect(true)
  const { operations } = house.inventory
  let away = 3
  house.inventory.operations = (...args) => {
    if (away-- > 0)
      return Promise.reject(new Fault({ kind: 'unavailable', code: 'DATABASE_UNAVAILABLE', message: '', remedy: '' }))
    return operations(...args)
  }
  assert.equal(await house.end(await house.request('power-off')), 'succeeded')
  assert.ok(house.events.some(({ name }) => name === 'operation.interrupted'))
  assert.deepEqual(house.machine.acts, [8])
  await house.close()
})

test('an operation nobody told of is found', async () => {
  const house = await connected()
  await house.time.pass(minutes(2))
  const { publish } = house.bus
  house.bus.publish = () => {}
  const id = await house.request('power-off')
  house.bus.publish = publish
  assert.equal(await house.end(id, minutes(3)), 'succeeded')
  await house.close()
})
