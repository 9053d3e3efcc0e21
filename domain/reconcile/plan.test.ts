import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guid } from '@outrider/protocols/values'
import fc from 'fast-check'
import type { Detection, Host } from '../hosts/index.ts'
import type { Operation, OperationKind, OperationLife } from '../operations/index.ts'
import type { Ticket } from '../ports/index.ts'
import { emptyMemo, type Memo, plan, progress, readMemo, type Seen, type Step, writeMemo } from './index.ts'

const PROJECT = guid('11111111-1111-4111-8111-111111111111')
const AMT = guid('22222222-2222-4222-8222-222222222222')
const idle = { text: '', indicator: 'idle', at: 0 } as const
const START = 1_000_000

const host = (fields: Partial<Host> = {}): Host => ({
  id: 'host-00000001',
  project: PROJECT,
  name: 'one',
  state: 'onboarded',
  desiredAmt: 'unspecified',
  currentAmt: 'unspecified',
  desiredControlMode: 'none',
  desiredPower: 'unspecified',
  currentPower: 'unspecified',
  powerPolicy: 'immediate',
  policy: 'follow',
  amtStatus: idle,
  powerStatus: idle,
  hostStatus: idle,
  registrationStatus: idle,
  onboardingStatus: idle,
  metadata: {},
  createdAt: 0,
  updatedAt: 0,
  revision: 1,
  ...fields,
})
const operation = (kind: OperationKind, fields: Partial<Operation> = {}): Operation => ({
  id: 'op-1',
  project: PROJECT,
  hostId: 'host-00000001',
  kind,
  requester: { subject: 's', name: 'n' },
  life: 'queued',
  attempt: 0,
  epoch: 0,
  deadline: START + 30 * 60_000,
  memo: {},
  steps: [],
  createdAt: START,
  revision: 1,
  ...fields,
})
const detected = (fields: Partial<Detection> = {}): Detection => ({
  support: 'amt',
  reason: 'AMT_READY',
  message: '',
  controlMode: 'none',
  at: START,
  ...fields,
})
const seen = (fields: Partial<Seen> = {}): Seen => ({
  agent: { listening: true, since: 0, legacy: false },
  connected: false,
  graceUntil: 0,
  ourMps: ['mps.example.org'],
  ...fields,
})
const ticket = (state: Ticket['state'], fields: Partial<Ticket> = {}): Ticket => ({
  id: 't',
  project: PROJECT,
  aliasHash: '',
  purpose: 'activate',
  hostId: 'host-00000001',
  operationId: 'op-1',
  profileName: 'p',
  controlMode: 'client',
  expiresAt: 0,
  state,
  steps: [],
  ...fields,
})
const memo = (fields: Partial<Memo>): Pick<Operation, 'memo'> => ({ memo: writeMemo({ ...emptyMemo, ...fields }) })
const order = { id: 'o', kind: 'activate', at: START, ticketId: 't' } as const
const away = { listening: false, since: 0, legacy: false }
const code = (step: Step): string =>
  step.do === 'refuse' || step.do === 'fail'
    ? `${step.do} ${step.fault.code}`
    : step.do === 'order'
      ? `order ${step.order}`
      : step.do === 'record' || step.do === 'succeed'
        ? `${step.do} ${step.note.step}`
        : step.do

test('a memo survives being written', () => {
  const full: Memo = {
    ...emptyMemo,
    order,
    tries: 2,
    told: ['a'],
    marks: { sent: [12], taken: 1, at: 5 },
    fault: { kind: 'timeout', code: 'X', message: 'x', remedy: 'y' },
  }
  assert.deepEqual(readMemo({ memo: writeMemo(full) }), full)
  assert.deepEqual(writeMemo(emptyMemo), {})
})

test('activation: one row for each thing that may be seen', () => {
  const running = { ...memo({ order, tries: 1 }), life: 'running' as const }
  const failed = (kind: 'device' | 'timeout') =>
    ticket('failed', {
      fault: { kind, code: kind === 'device' ? 'SETUP_REFUSED' : 'WSMAN_NO_REPLY', message: '', remedy: '' },
    })
  const cases: [string, Partial<Operation>, Partial<Host>, Partial<Seen>, number][] = [
    ['order activate', {}, {}, {}, 0],
    ['wait', {}, {}, { agent: { ...away, since: START } }, 1000],
    ['record waiting-for-agent', {}, {}, { agent: away }, 6000],
    ['wait', memo({ told: ['waiting-for-agent'] }), {}, { agent: away }, 6000],
    ['refuse AGENT_AWAY', {}, {}, { agent: away }, 30 * 60_000],
    ['refuse MACHINE_UNSUPPORTED', {}, { detection: detected({ support: 'unsupported' }) }, {}, 0],
    ['succeed already', {}, { currentAmt: 'provisioned' }, { connected: true }, 0],
    [
      'succeed already',
      { controlMode: 'admin' },
      { currentAmt: 'provisioned', detection: detected({ controlMode: 'admin' }) },
      { connected: true },
      0,
    ],
    [
      'order activate',
      { controlMode: 'admin' },
      { currentAmt: 'provisioned', detection: detected({ controlMode: 'client' }) },
      { connected: true },
      0,
    ],
    [
      'refuse ACTIVATED_OTHERWISE',
      { controlMode: 'client' },
      { currentAmt: 'provisioned', detection: detected({ controlMode: 'admin' }) },
      { connected: true },
      0,
    ],
    [
      'refuse DUPLICATE_IDENTITY',
      {},
      {
        conditions: [
          {
            type: 'duplicate-identity',
            other: 'host-00000002',
            since: 0,
            fault: { kind: 'conflict', code: 'DUPLICATE_IDENTITY', message: '', remedy: '' },
          },
        ],
      },
      {},
      0,
    ],
    [
      'fail ACTIVATED_OTHERWISE',
      { ...memo({ order, tries: 1 }), life: 'running', controlMode: 'admin' },
      {},
      { ticket: ticket('succeeded', { reachedMode: 'client' }) },
      0,
    ],
    [
      'refuse CONNECTED_TO_FOREIGN_MPS',
      {},
      { detection: detected({ controlMode: 'admin', remoteStatus: 'connected', mpsHostname: 'other.example.org' }) },
      {},
      0,
    ],
    ['wait', running, {}, { ticket: ticket('open'), order: { state: 'offered', at: START } }, 1000],
    ['wait', running, {}, { ticket: ticket('running'), order: { state: 'running', at: START } }, 1000],
    ['wait', running, {}, { ticket: ticket('running'), order: { state: 'failed', at: START } }, 1000],
    ['record retrying', running, {}, { ticket: ticket('running'), order: { state: 'failed', at: START } }, 6000],
    ['record retrying', running, {}, { ticket: ticket('open'), order: { state: 'failed', at: START } }, 0],
    ['record retrying', running, {}, { ticket: ticket('open') }, 0],
    ['wait', running, {}, { ticket: ticket('running'), agent: away }, 1000],
    ['record retrying', running, {}, { ticket: ticket('running'), agent: away }, 5 * 60_000],
    ['fail SETUP_REFUSED', running, {}, { ticket: failed('device'), order: { state: 'running', at: START } }, 0],
    ['wait', running, {}, { ticket: failed('timeout'), order: { state: 'running', at: START } }, 0],
    ['record retrying', running, {}, { ticket: failed('timeout'), order: { state: 'failed', at: START } }, 0],
    ['fail WSMAN_NO_REPLY', memo({ order, tries: 8 }), {}, { ticket: failed('timeout') }, 0],
    ['succeed activated', running, {}, { ticket: ticket('succeeded') }, 0],
    ['succeed connected', running, {}, { ticket: ticket('succeeded', { cira: true }), connected: true }, 0],
    ['record control-mode-confirmed', running, {}, { ticket: ticket('succeeded', { cira: true }) }, 0],
    [
      'wait',
      memo({ order, tries: 1, confirmedAt: START }),
      {},
      { ticket: ticket('succeeded', { cira: true }) },
      170_000,
    ],
    [
      'fail CONNECTED_TO_FOREIGN_MPS',
      memo({ order, tries: 1, confirmedAt: START }),
      { detection: detected({ remoteStatus: 'connected', mpsHostname: 'other', at: START + 1 }) },
      { ticket: ticket('succeeded', { cira: true }) },
      10,
    ],
    [
      'order deactivate',
      memo({ order, tries: 1, confirmedAt: START }),
      {},
      { ticket: ticket('succeeded', { cira: true }) },
      180_000,
    ],
    [
      'fail TUNNEL_NOT_OPENED',
      memo({ order, tries: 1, confirmedAt: START, recoveries: 3 }),
      {},
      { ticket: ticket('succeeded', { cira: true }) },
      180_000,
    ],
    [
      'record settling',
      memo({ order: { ...order, kind: 'deactivate' }, tries: 1, recoveries: 2 }),
      {},
      { order: { state: 'failed', at: START } },
      0,
    ],
    ['fail WSMAN_NO_REPLY', running, {}, { ticket: failed('timeout') }, 30 * 60_000],
  ]
  for (const [expected, fields, record, observed, after] of cases)
    assert.equal(
      code(plan(operation('activate', fields), host(record), seen(observed), START + after)),
      expected,
      JSON.stringify([fields, record, observed, after]),
    )
})

test('an activation leaves the control mode on record that was read back, before the agent looks again', () => {
  const running = memo({ order, tries: 1 })
  const step = plan(
    operation('activate', running),
    host({ detection: detected({ controlMode: 'none' }) }),
    seen({ ticket: { ...ticket('succeeded', { cira: true }), reachedMode: 'client' }, connected: true }),
    START,
  )
  assert.ok(step.do === 'succeed')
  assert.equal(step.host.detection?.controlMode, 'client')
})

test('deactivation: one row for each thing that may be seen', () => {
  const provisioned = {
    currentAmt: 'provisioned',
    amtGuid: AMT,
    detection: detected({ controlMode: 'client' }),
  } as const
  const back = { ...provisioned, detection: detected({ at: START + 1 }) }
  const dOrder = { ...order, kind: 'deactivate' } as const
  const look = { ...order, kind: 'detect' } as const
  const cases: [string, Partial<Operation>, Partial<Host>, Partial<Seen>, number][] = [
    ['succeed already', {}, {}, {}, 0],
    ['unprovision', {}, provisioned, { connected: true }, 0],
    ['order deactivate', {}, provisioned, {}, 0],
    ['order deactivate', memo({ viaAgent: true }), provisioned, { connected: true }, 0],
    // Read as not activated once, but on record as activated by us: nothing is forgotten on that word alone.
    ['order deactivate', {}, { ...provisioned, detection: detected() }, {}, 0],
    ['wait', {}, provisioned, { agent: away, graceUntil: START + 10 }, 0],
    ['record waiting-for-agent', {}, provisioned, { agent: away }, 6000],
    ['refuse AGENT_AWAY', {}, provisioned, { agent: away }, 30 * 60_000],
    ['wait', memo({ order: dOrder, tries: 1 }), provisioned, { order: { state: 'running', at: START } }, 0],
    [
      'record deactivated',
      memo({ order: dOrder, tries: 1 }),
      provisioned,
      { order: { state: 'succeeded', at: START } },
      0,
    ],
    ['succeed verified', memo({ order: dOrder, tries: 1 }), back, { order: { state: 'running', at: START } }, 5],
    ['record retrying', memo({ order: dOrder, tries: 1 }), provisioned, { order: { state: 'failed', at: START } }, 0],
    [
      'fail UNPROVISION_BLOCKED',
      memo({ order: dOrder, tries: 1 }),
      provisioned,
      { ticket: ticket('failed', { fault: { kind: 'device', code: 'UNPROVISION_BLOCKED', message: '', remedy: '' } }) },
      0,
    ],
    ['succeed verified', memo({ unprovisionAt: START, unprovisions: 1 }), back, {}, 5],
    ['order detect', memo({ unprovisionAt: START, acknowledged: true }), provisioned, {}, 5],
    ['wait', memo({ unprovisionAt: START, unprovisions: 1 }), provisioned, { connected: true }, 5],
    ['unprovision', memo({ unprovisionAt: START, unprovisions: 1 }), provisioned, { connected: true }, 15_000],
    ['wait', memo({ unprovisionAt: START, order: look }), provisioned, { order: { state: 'offered', at: START } }, 5],
    [
      'record not-yet',
      memo({ unprovisionAt: START, order: look }),
      provisioned,
      { order: { state: 'succeeded', at: START } },
      5,
    ],
    ['fail DEACTIVATION_UNVERIFIED', memo({ unprovisionAt: START, acknowledged: true, looks: 6 }), provisioned, {}, 5],
    [
      'succeed verified',
      memo({ unprovisionAt: START, acknowledged: true }),
      provisioned,
      { agent: { listening: true, since: 0, legacy: true } },
      5,
    ],
    ['fail DEACTIVATION_UNVERIFIED', memo({ unprovisionAt: START }), provisioned, {}, 30 * 60_000],
  ]
  for (const [expected, fields, record, observed, after] of cases)
    assert.equal(
      code(plan(operation('deactivate', fields), host(record), seen(observed), START + after)),
      expected,
      JSON.stringify([fields, record, observed, after]),
    )
  const gone = plan(operation('deactivate', memo({ unprovisionAt: START })), host(back), seen(), START + 5)
  assert.equal(gone.do === 'succeed' && gone.forget, AMT)
  const silent = plan(operation('deactivate'), host({ amtGuid: AMT }), seen(), START)
  assert.equal(silent.do === 'succeed' && silent.forget, undefined, 'nobody has read the control mode')
})

test('power: what stands in the way before the device is asked', () => {
  const provisioned = { currentAmt: 'provisioned' } as const
  const cases: [string, Partial<Operation>, Partial<Host>, Partial<Seen>, number][] = [
    ['refuse AMT_NOT_PROVISIONED', {}, {}, {}, 0],
    ['refuse MACHINE_UNSUPPORTED', {}, { detection: detected({ support: 'unsupported' }) }, {}, 0],
    ['power', {}, provisioned, { connected: true }, 0],
    ['power', {}, provisioned, {}, 0],
    ['wait', {}, provisioned, { graceUntil: START + 10 }, 0],
    ['refuse OPERATION_EXPIRED', {}, provisioned, { connected: true }, 30 * 60_000],
    ['power', memo({ marks: { sent: [8], taken: 0, at: START } }), {}, {}, 30 * 60_000],
  ]
  for (const [expected, fields, record, observed, after] of cases)
    assert.equal(code(plan(operation('power-off', fields), host(record), seen(observed), START + after)), expected)
})

const kinds: OperationKind[] = [
  'activate',
  'deactivate',
  'power-on',
  'power-off',
  'sleep',
  'hibernate',
  'reset',
  'power-cycle',
]

test('after the end there is nothing to do', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.constantFrom<OperationLife>('succeeded', 'failed', 'refused', 'cancelled'),
      fc.boolean(),
      fc.integer({ min: 0, max: 10 ** 9 }),
      (kind, life, connected, after) => {
        assert.equal(plan(operation(kind, { life }), host(), seen({ connected }), START + after).do, 'nothing')
      },
    ),
  )
})

test('progress of order and ticket is told once', () => {
  const step = { at: 1, step: 'activated', message: 'x' }
  const observed = seen({ order: { state: 'running', at: 2 }, ticket: ticket('running', { steps: [step] }) })
  const told = progress({ ...emptyMemo, order }, observed)
  assert.deepEqual(told?.steps, [{ at: 2, step: 'agent-running', message: 'The agent carries out the order.' }, step])
  assert.equal(progress(told!.memo, observed), undefined)
})

/** A world that does whatever it likes: agent, RPS and device each take one of their possible turns at random. */
interface World {
  now: number
  host: Host
  agent: Seen['agent']
  order: Seen['order']
  ticket: Ticket | undefined
  connected: boolean
  orders: number
  unprovisions: number
}

const turn = (world: World, dice: number): void => {
  const { agent, order: given, ticket: held } = world
  const fail = (kind: 'device' | 'timeout') => ({
    kind,
    code: kind === 'device' ? 'SETUP_REFUSED' : 'WSMAN_NO_REPLY',
    message: '',
    remedy: '',
  })
  switch (dice % 12) {
    case 0:
      world.agent = { ...agent, listening: !agent.listening, since: world.now }
      return
    case 1:
      world.order = undefined
      return
    case 2:
      if (given?.state === 'offered') world.order = { state: 'running', at: world.now }
      return
    case 3:
      if (held?.state === 'open') world.ticket = { ...held, state: 'running' }
      return
    case 4:
      if (held?.state === 'running')
        world.ticket = { ...held, state: 'succeeded', cira: true, reachedMode: 'client', amtGuid: AMT }
      return
    case 5:
      if (held?.state === 'running')
        world.ticket = { ...held, state: 'failed', fault: fail(dice % 24 < 12 ? 'timeout' : 'device') }
      return
    case 6:
      if (given !== undefined) world.order = { state: 'succeeded', at: world.now }
      return
    case 7:
      if (given !== undefined) world.order = { state: 'failed', at: world.now, fault: fail('device') }
      return
    case 8:
      world.connected = !world.connected
      return
    case 9:
      world.host = { ...world.host, detection: detected({ controlMode: 'none', at: world.now }) }
      return
    case 10:
      world.host = { ...world.host, detection: detected({ controlMode: 'client', at: world.now }) }
      return
    default:
      world.now += 1 + (dice % 200_000)
  }
}

test('whatever the world does, every operation ends, by its deadline, after a bounded number of orders', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<OperationKind>('activate', 'deactivate', 'power-off'),
      fc.array(fc.nat(10 ** 6), { maxLength: 120 }),
      fc.boolean(),
      fc.boolean(),
      (kind, dice, provisioned, legacy) => {
        const world: World = {
          now: START,
          host: host(
            provisioned
              ? { currentAmt: 'provisioned', amtGuid: AMT, detection: detected({ controlMode: 'client' }) }
              : {},
          ),
          agent: { listening: true, since: 0, legacy },
          order: undefined,
          ticket: undefined,
          connected: provisioned,
          orders: 0,
          unprovisions: 0,
        }
        let it = operation(kind)
        let steps = 0
        for (;;) {
          assert.ok(++steps < 2000, 'it goes round in circles')
          const { order: given } = readMemo(it)
          const observed = seen({
            agent: world.agent,
            connected: world.connected,
            ...(given !== undefined && world.order !== undefined ? { order: world.order } : {}),
            ...(given !== undefined && world.ticket !== undefined ? { ticket: world.ticket } : {}),
          })
          const next = plan(it, world.host, observed, world.now)
          assert.deepEqual(next, plan(it, world.host, observed, world.now), 'it is pure')
          if (next.do === 'refuse') assert.equal(world.orders + world.unprovisions, 0, 'refused means nothing was sent')
          if (next.do === 'record') it = { ...it, memo: writeMemo(next.memo) }
          else if (next.do === 'order') {
            world.orders += 1
            const id = `o${world.orders}`
            it = {
              ...it,
              life: 'running',
              memo: writeMemo({ ...next.memo, order: { id, kind: next.order, at: world.now, ticketId: id } }),
            }
            world.order = { state: 'offered', at: world.now }
            world.ticket = next.order === 'detect' ? undefined : ticket('open', { id })
          } else if (next.do === 'unprovision') {
            world.unprovisions += 1
            it = { ...it, life: 'running', memo: writeMemo({ ...next.memo, acknowledged: dice.length % 2 === 0 }) }
          } else if (next.do === 'wait') {
            assert.ok(next.until > world.now, 'a wait ends in the future')
            assert.ok(next.until <= Math.max(it.deadline, world.now), 'and by the deadline')
            if (dice.length > 0) turn(world, dice.shift()!)
            else world.now = next.until
          } else break
        }
        assert.ok(world.now <= it.deadline + 200_000)
        assert.ok(world.orders <= 40, `${world.orders} orders`)
        assert.ok(world.unprovisions <= 3)
      },
    ),
    { numRuns: 1000 },
  )
})
