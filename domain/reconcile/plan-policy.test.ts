import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guid, minutes, seconds } from '@outrider/protocols/values'
import fc from 'fast-check'
import type { Condition, Detection, Host, HostPolicy } from '../hosts/index.ts'
import { type Operation, type OperationKind, policyRequester } from '../operations/index.ts'
import { MOST_TRIES, type PolicySeen, type PolicyStep, planPolicy } from './index.ts'

const PROJECT = guid('11111111-1111-4111-8111-111111111111')
const START = 1_000_000_000
const BETWEEN = seconds(20)
const line = { text: '', indicator: 'idle', at: 0 } as const
const fault = { kind: 'conflict', code: 'X', message: '', remedy: '' } as const

const host = (policy: HostPolicy, fields: Partial<Host> = {}): Host => ({
  id: 'host-00000001',
  project: PROJECT,
  name: 'one',
  state: 'onboarded',
  desiredAmt: 'provisioned',
  currentAmt: 'provisioned',
  desiredControlMode: 'none',
  desiredPower: 'on',
  currentPower: 'on',
  powerPolicy: 'immediate',
  policy,
  amtStatus: line,
  powerStatus: line,
  hostStatus: line,
  registrationStatus: line,
  onboardingStatus: line,
  metadata: {},
  createdAt: 0,
  updatedAt: 0,
  revision: 1,
  ...fields,
})
const detection = (fields: Partial<Detection> = {}): Detection => ({
  support: 'amt',
  reason: 'AMT_READY',
  message: '',
  controlMode: 'none',
  at: START,
  ...fields,
})
const operation = (kind: OperationKind, endedAt: number, fields: Partial<Operation> = {}): Operation => ({
  id: `op-${endedAt}`,
  project: PROJECT,
  hostId: 'host-00000001',
  kind,
  requester: policyRequester('keep-on'),
  life: 'failed',
  attempt: 1,
  epoch: 1,
  deadline: endedAt,
  memo: {},
  steps: [],
  createdAt: endedAt - 1000,
  endedAt,
  revision: 1,
  ...fields,
})
const seen = (fields: Partial<PolicySeen> = {}): PolicySeen => ({
  last: [],
  pending: false,
  connected: true,
  agentListening: true,
  ...fields,
})
const said = (step: PolicyStep): string => {
  if (step.do === 'request') return `request ${step.kind}`
  if (step.do === 'wait') return `wait ${(step.until - START) / 1000}`
  return step.do === 'give-up' ? `give-up ${step.fault.code}` : step.do
}
const condition = (type: 'policy-gave-up' | 'duplicate-identity' | 'retiring'): Partial<Host> => ({
  conditions: [{ type, fault, since: 0, other: 'host-2' } as Condition],
})
const tries = (count: number, kind: OperationKind = 'power-on', gap = minutes(5)): Operation[] =>
  Array.from({ length: count }, (_, n) => operation(kind, START - n * gap))

test('one row for each thing that may be seen', () => {
  const idle = { currentAmt: 'unprovisioned', detection: detection() } as const
  const cases: [string, Host, PolicySeen][] = [
    ['nothing', host('follow'), seen({ power: 8 })],
    ['nothing', host('keep-on', { state: 'untrusted' }), seen({ power: 8 })],
    ['nothing', host('keep-on', condition('retiring')), seen({ power: 8 })],
    ['look', host('keep-on'), seen()],
    ['wait 20', host('keep-on'), seen({ power: 2 })],
    ['wait 20', host('keep-on'), seen({ power: 1 })],
    ['request power-on', host('keep-on'), seen({ power: 8 })],
    ['request power-on', host('keep-on'), seen({ power: 4 })],
    ['wait 20', host('keep-on'), seen({ power: 8, pending: true })],
    ['wait 20', host('keep-on'), seen({ connected: false })],
    ['wait 20', host('keep-on', { currentAmt: 'unprovisioned' }), seen()],
    // Each try in a row waits twice as long.
    ['wait 30', host('keep-on'), seen({ power: 8, last: tries(1) })],
    ['wait 60', host('keep-on'), seen({ power: 8, last: tries(2) })],
    ['wait 480', host('keep-on'), seen({ power: 8, last: tries(5) })],
    ['give-up POLICY_GAVE_UP', host('keep-on'), seen({ power: 8, last: tries(MOST_TRIES) })],
    ['wait 20', host('keep-on', condition('policy-gave-up')), seen({ power: 8, last: tries(MOST_TRIES) })],
    ['recovered', host('keep-on', condition('policy-gave-up')), seen({ power: 2 })],
    // What is not in a row: an hour of peace, another's operation, a policy written since, another kind.
    ['request power-on', host('keep-on'), seen({ power: 8, last: [operation('power-on', START - minutes(61))] })],
    [
      'request power-on',
      host('keep-on'),
      seen({
        power: 8,
        last: [operation('power-off', START, { requester: { subject: 'ada', name: 'Ada' } }), ...tries(6)],
      }),
    ],
    ['request power-on', host('keep-on', { policySince: START }), seen({ power: 8, last: tries(6) })],
    ['request power-on', host('keep-on'), seen({ power: 8, last: tries(6, 'activate') })],
    ['request activate', host('keep-provisioned', idle), seen()],
    ['wait 300', host('keep-provisioned', idle), seen({ agentListening: false })],
    ['wait 300', host('keep-provisioned', idle), seen({ pending: true })],
    ['wait 300', host('keep-provisioned', { ...idle, ...condition('duplicate-identity') }), seen()],
    ['wait 300', host('keep-provisioned'), seen()],
    ['detect', host('keep-provisioned', { detection: detection({ at: START - 60_000 }) }), seen({ connected: false })],
    ['wait 60', host('keep-provisioned', { detection: detection() }), seen({ connected: false })],
    ['wait 300', host('keep-provisioned'), seen({ connected: false, agentListening: false })],
    ['recovered', host('keep-provisioned', condition('policy-gave-up')), seen()],
    ['wait 300', host('keep-provisioned', { currentAmt: 'unprovisioned' }), seen()],
    ['wait 300', host('keep-provisioned', { ...idle, detection: detection({ support: 'unsupported' }) }), seen()],
    // Activated by somebody else: nothing we could keep.
    ['wait 300', host('keep-provisioned', { ...idle, detection: detection({ controlMode: 'admin' }) }), seen()],
    ['wait 30', host('keep-provisioned', idle), seen({ last: tries(1, 'activate') })],
  ]
  for (const [expected, record, observed] of cases)
    assert.equal(said(planPolicy(record, observed, BETWEEN, START)), expected, JSON.stringify([record, observed]))
})

test('whoever plans the same asks under the same key, and after each operation under another', () => {
  const asked = (last: Operation[]) => {
    const step = planPolicy(host('keep-on'), seen({ power: 8, last }), BETWEEN, START + minutes(30))
    return step.do === 'request' ? step.key : step.do
  }
  assert.equal(asked([]), asked([]))
  assert.equal(new Set([asked([]), asked(tries(1)), asked([operation('reset', START + 1)])]).size, 3)
})

test('whatever the machine does, it is asked at most so often in a row, ever more slowly, and then left alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ on: fc.boolean(), passes: fc.integer({ min: 1, max: 300 }) }), { maxLength: 200 }),
      (story) => {
        let now = START
        let conditions: readonly Condition[] = []
        const done: Operation[] = []
        for (const { on, passes } of story) {
          const record = host('keep-on', { conditions })
          const step = planPolicy(record, seen({ power: on ? 2 : 8, last: done.slice(0, MOST_TRIES) }), BETWEEN, now)
          if (step.do === 'wait') assert.ok(step.until > now)
          if (on) assert.ok(step.do === 'wait' || step.do === 'recovered', 'a machine that is on is left alone')
          if (step.do === 'give-up') conditions = [{ type: 'policy-gave-up', fault: step.fault, since: now }]
          if (step.do === 'recovered') conditions = []
          if (step.do === 'request') {
            assert.deepEqual(conditions, [], 'it has given up')
            done.unshift(operation('power-on', now + 1000))
            const hour = done.filter(({ createdAt }) => createdAt > now - minutes(60))
            assert.ok(hour.length <= MOST_TRIES, `${hour.length} within an hour`)
          }
          now += seconds(passes)
        }
      },
    ),
  )
})
