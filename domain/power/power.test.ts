import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EpochMilliseconds, Fault } from '@outrider/protocols/values'
import fc from 'fast-check'
import type { PowerPolicy } from '../hosts/index.ts'
import { type PowerKind, powerKinds } from '../operations/index.ts'
import type { Clock } from '../ports/index.ts'
import {
  changePower,
  decidePower,
  noMarks,
  type PowerMarks,
  type PowerOutcome,
  powerClass,
  powerTable,
} from './index.ts'

const never = new AbortController().signal
const ON = [10, 8, 5, 11]
const ON_WITH_OS = [...ON, 4, 7, 14, 12]

test('decisions', () => {
  const cases: [PowerKind, PowerPolicy, number, readonly number[], string][] = [
    ['power-on', 'immediate', 2, ON, 'nothing'],
    ['power-on', 'immediate', 8, [2], 'act 2'],
    ['power-on', 'immediate', 4, [2, 8, 5, 10], 'act 2'],
    ['power-off', 'immediate', 2, ON_WITH_OS, 'act 8'],
    ['power-off', 'ordered', 2, ON_WITH_OS, 'act 12 8'],
    ['power-off', 'ordered', 2, ON, 'act 8'],
    ['power-off', 'ordered', 2, [], 'act 8'],
    ['power-off', 'ordered', 6, [2], 'nothing'],
    ['power-off', 'immediate', 7, [2], 'POWER_TRANSITION_ILLEGAL'],
    ['reset', 'ordered', 2, ON_WITH_OS, 'act 10'],
    ['reset', 'immediate', 8, [2], 'POWER_TRANSITION_ILLEGAL'],
    ['reset', 'immediate', 8, [], 'POWER_TRANSITION_ILLEGAL'],
    ['power-cycle', 'immediate', 2, ON, 'act 5'],
    ['power-cycle', 'immediate', 8, [2], 'POWER_TRANSITION_ILLEGAL'],
    ['sleep', 'immediate', 2, ON_WITH_OS, 'act 4'],
    ['sleep', 'immediate', 2, ON, 'POWER_NOT_SUPPORTED'],
    ['sleep', 'immediate', 2, [], 'POWER_NOT_SUPPORTED'],
    ['sleep', 'immediate', 3, [2], 'nothing'],
    ['hibernate', 'ordered', 2, ON_WITH_OS, 'act 7'],
    ['hibernate', 'immediate', 8, [2], 'POWER_TRANSITION_ILLEGAL'],
    ['power-on', 'immediate', 1, [], 'POWER_NOT_SUPPORTED'],
    ['power-on', 'immediate', 1, [2], 'act 2'],
  ]
  for (const [kind, policy, state, available, expected] of cases) {
    const decision = decidePower(kind, policy, state, available)
    const said =
      decision.do === 'refuse'
        ? decision.fault.code
        : decision.do === 'act'
          ? ['act', decision.soft, decision.code].filter((part) => part !== undefined).join(' ')
          : decision.do
    assert.equal(said, expected, `${kind} ${policy} from ${state} with [${available}]`)
  }
})

/** A machine with time: transitions take `takes` milliseconds; the operating system may ignore what it is asked. */
class Machine {
  now: EpochMilliseconds = 1_000_000
  state = 2
  sent: number[] = []
  takes = 200
  obedient = true
  hears = true
  /** Requests answered with busy first. */
  busy = 0
  /** What the n-th request does instead of answering: its answer is lost, or it never arrives. */
  lost: 'answer' | 'request' | undefined
  private next: { readonly at: number; readonly state: number } | undefined

  readonly clock: Clock = {
    now: () => this.now,
    monotonic: () => this.now,
    sleep: async (span, signal) => {
      signal.throwIfAborted()
      this.now += span
    },
  }

  async read(): Promise<number> {
    if (this.next !== undefined && this.now >= this.next.at) {
      this.state = this.next.state
      this.next = undefined
    }
    return this.state
  }

  async available(): Promise<readonly number[]> {
    return powerClass(await this.read()) === 'on' ? ON_WITH_OS : [2]
  }

  async request(code: number): Promise<void> {
    if (!this.hears) throw fault('unavailable', 'DEVICE_NOT_CONNECTED')
    if (this.busy > 0) {
      this.busy -= 1
      throw fault('device', 'AMT_REFUSED', 'BUSY')
    }
    if (this.lost === 'request') throw fault('timeout', 'WSMAN_NO_REPLY')
    this.sent.push(code)
    const soft = [4, 7, 12, 14].includes(code)
    if (!soft || this.obedient) {
      const state = { 2: 2, 4: 4, 5: 2, 7: 7, 8: 8, 10: 2, 12: 8, 14: 2 }[code] ?? this.state
      this.next = { at: this.now + this.takes, state }
    }
    if (this.lost === 'answer') throw fault('timeout', 'WSMAN_NO_REPLY')
  }
}

const fault = (kind: Fault['kind'], code: string, status?: string): Fault =>
  new Fault({ kind, code, message: code, remedy: '', detail: status === undefined ? {} : { status } })

/** Runs one operation as a process would: marks outlive it, and it may die at the n-th thing it awaits. */
class Runner {
  marks: PowerMarks = noMarks
  dieAt = Number.POSITIVE_INFINITY
  private count = 0
  readonly machine: Machine

  constructor(machine: Machine) {
    this.machine = machine
  }

  run(kind: PowerKind, policy: PowerPolicy = 'immediate', span = 60_000): Promise<PowerOutcome> {
    this.count = 0
    const { machine } = this
    return changePower(
      {
        state: () => this.step(() => machine.read()),
        available: () => this.step(() => machine.available()),
        request: (code) => this.step(() => machine.request(code)),
      },
      { kind, policy, marks: this.marks, deadline: machine.now + span },
      machine.clock,
      {
        beforeAct: (marks) => this.step(() => this.keep(marks)),
        afterAct: (marks) => this.step(() => this.keep(marks)),
      },
      never,
    )
  }

  private keep(marks: PowerMarks): void {
    this.marks = marks
  }

  private async step<T>(work: () => T | Promise<T>): Promise<T> {
    if (++this.count >= this.dieAt) {
      if (this.count === this.dieAt) await work()
      throw new Died()
    }
    return work()
  }
}
class Died extends Error {}

const end = (outcome: PowerOutcome): string =>
  outcome.end === 'succeeded' ? `succeeded ${outcome.state}` : `${outcome.end} ${outcome.fault.code}`

test('acts once and waits until the machine is there', async () => {
  const cases: [PowerKind, PowerPolicy, number, string, number[]][] = [
    ['power-off', 'immediate', 2, 'succeeded 8', [8]],
    ['power-off', 'ordered', 2, 'succeeded 8', [12]],
    ['power-on', 'immediate', 8, 'succeeded 2', [2]],
    ['power-on', 'immediate', 2, 'succeeded 2', []],
    ['reset', 'immediate', 2, 'succeeded 2', [10]],
    ['power-cycle', 'immediate', 2, 'succeeded 2', [5]],
    ['sleep', 'immediate', 2, 'succeeded 4', [4]],
    ['hibernate', 'immediate', 2, 'succeeded 7', [7]],
    ['reset', 'immediate', 8, 'refused POWER_TRANSITION_ILLEGAL', []],
  ]
  for (const [kind, policy, state, expected, sent] of cases) {
    const machine = new Machine()
    machine.state = state
    assert.equal(end(await new Runner(machine).run(kind, policy)), expected, kind)
    assert.deepEqual(machine.sent, sent, kind)
  }
})

test('ordered: an operating system that ignores soft off is powered off hard after its time', async () => {
  const machine = new Machine()
  machine.obedient = false
  const began = machine.now
  assert.equal(end(await new Runner(machine).run('power-off', 'ordered')), 'succeeded 8')
  assert.deepEqual(machine.sent, [12, 8])
  assert.ok(machine.now - began >= 30_000)
})

test('what cannot be heard or reached has its own end', async () => {
  const deaf = new Machine()
  deaf.hears = false
  assert.equal(end(await new Runner(deaf).run('power-off')), 'refused DEVICE_NOT_CONNECTED')
  assert.equal(end(await new Runner(deaf).run('power-off', 'ordered')), 'refused DEVICE_NOT_CONNECTED')
  const stuck = new Machine()
  stuck.takes = 10 * 60_000
  assert.equal(end(await new Runner(stuck).run('power-off')), 'failed POWER_STATE_NOT_REACHED')
  assert.deepEqual(stuck.sent, [8])
  const busy = new Machine()
  busy.busy = 3
  assert.equal(end(await new Runner(busy).run('reset')), 'succeeded 2')
  assert.deepEqual(busy.sent, [10])
  busy.busy = 1_000_000
  assert.equal(end(await new Runner(busy).run('reset')), 'failed POWER_BUSY')
})

test('a lost answer is never sent again: an effect that shows decides, one that does not is unknown', async () => {
  for (const [kind, lost, expected, sent] of [
    ['power-off', 'answer', 'succeeded 8', [8]],
    ['power-off', 'request', 'failed POWER_STATE_NOT_REACHED', []],
    ['reset', 'answer', 'failed OUTCOME_UNKNOWN', [10]],
    ['reset', 'request', 'failed OUTCOME_UNKNOWN', []],
  ] as const) {
    const machine = new Machine()
    machine.lost = lost
    assert.equal(end(await new Runner(machine).run(kind)), expected)
    assert.deepEqual(machine.sent, sent)
  }
})

test('killed anywhere and resumed: nothing is sent twice, and it ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...powerKinds),
      fc.constantFrom<PowerPolicy>('immediate', 'ordered'),
      fc.constantFrom(2, 8, 4, 7),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }),
      async (kind, policy, state, obedient, deaths) => {
        const machine = new Machine()
        machine.state = state
        machine.obedient = obedient
        const runner = new Runner(machine)
        for (const dieAt of deaths) {
          runner.dieAt = dieAt
          await runner.run(kind, policy).catch((error) => assert.ok(error instanceof Died))
        }
        runner.dieAt = Number.POSITIVE_INFINITY
        const outcome = await runner.run(kind, policy)
        assert.equal(new Set(machine.sent).size, machine.sent.length, `sent ${machine.sent}`)
        if (outcome.end === 'succeeded') assert.equal(powerClass(outcome.state), powerTable[kind].target)
        if (outcome.end === 'refused') assert.deepEqual(machine.sent, [])
        // What was taken has done what it does, whatever became of the processes.
        if (machine.sent.includes(powerTable[kind].code) && powerTable[kind].state && obedient)
          assert.equal(outcome.end, 'succeeded')
      },
    ),
    { numRuns: 300 },
  )
})

test('a reset killed between sending and hearing is OUTCOME_UNKNOWN; one that was taken succeeds', async () => {
  const machine = new Machine()
  const runner = new Runner(machine)
  runner.dieAt = 4
  await runner.run('reset')
  assert.deepEqual([machine.sent, runner.marks.taken], [[10], 0])
  runner.dieAt = Number.POSITIVE_INFINITY
  assert.equal(end(await runner.run('reset')), 'failed OUTCOME_UNKNOWN')
  const other = new Runner(machine)
  other.dieAt = 5
  machine.sent = []
  await assert.rejects(other.run('reset'), Died)
  assert.equal(other.marks.taken, 1)
  other.dieAt = Number.POSITIVE_INFINITY
  assert.equal(end(await other.run('reset')), 'succeeded 2')
  assert.deepEqual(machine.sent, [10])
})

test('an abort stops the waiting with its reason', async () => {
  const machine = new Machine()
  machine.takes = 60_000
  const controller = new AbortController()
  const reason = new Error('cancelled')
  const running = changePower(
    {
      state: () => machine.read(),
      available: () => machine.available(),
      request: async (code) => {
        await machine.request(code)
        controller.abort(reason)
      },
    },
    { kind: 'power-off', policy: 'immediate', marks: noMarks, deadline: machine.now + 60_000 },
    machine.clock,
    { beforeAct: async () => {}, afterAct: async () => {} },
    controller.signal,
  )
  await assert.rejects(running, reason)
  assert.deepEqual(machine.sent, [8])
})
