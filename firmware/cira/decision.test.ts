import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom } from '../random.ts'
import { factoryState } from '../state/factory.ts'
import type { FlashState } from '../state/flash-state.ts'
import { exercised } from '../test/rule-book.ts'
import { quirksOf } from '../versions/quirks.ts'
import { type Circumstances, type Decision, decide, periodOf, userMayAsk } from './decision.ts'
import { environment } from './environment.ts'

const server = (index: number) => ({
  index,
  accessInfo: `mps${index}.example.com`,
  infoFormat: 201,
  port: 4433,
  cn: '',
  authMethod: 2,
  username: 'u',
  password: 'p',
  certificate: null,
})

/** A device that dials: provisioned, outside, one server with both policies. */
const dialling = (): FlashState => {
  const state = factoryState({
    now: 0,
    random: seededRandom('decision'),
    quirks: quirksOf('16'),
    dnsSuffix: 'cafe.example',
    lmsPresent: false,
  })
  Object.assign(state.settings, {
    provisioningState: 2,
    controlMode: 1,
    detectionStrings: ['corp.example'],
    servers: [server(0)],
    policies: [
      { trigger: 'periodic', tunnelLifeTime: 0, extendedData: 'AAAAAAAAABk=' },
      { trigger: 'user', tunnelLifeTime: 300, extendedData: '' },
    ],
    policyServers: [
      { trigger: 'periodic', server: 0, order: 0, mpsType: 2 },
      { trigger: 'user', server: 0, order: 0, mpsType: 2 },
    ],
  })
  return state
}

const calm: Circumstances = { amtEnabled: true, userWantsTunnel: false, alertRaised: false }

const summary = (decision: Decision): string =>
  decision.dial ? `${decision.trigger} ${decision.servers.map(({ index }) => index).join(',')}` : decision.reason

const rows: readonly [
  what: string,
  change: (state: FlashState) => void,
  given: Partial<Circumstances>,
  expected: string,
][] = [
  ['configured and outside', () => {}, {}, 'periodic 0'],
  ['AMT off in BIOS', () => {}, { amtEnabled: false }, 'AMT is disabled'],
  [
    'not provisioned',
    (s) => {
      s.settings.provisioningState = 0
    },
    {},
    'not provisioned',
  ],
  [
    'no control mode',
    (s) => {
      s.settings.controlMode = 0
    },
    {},
    'not provisioned',
  ],
  [
    'AMT network off',
    (s) => {
      s.settings.general.AMTNetworkEnabled = 0
    },
    {},
    'AMT networking is off',
  ],
  [
    'cable out',
    (s) => {
      s.host.linkUp = false
    },
    {},
    'no network link',
  ],
  [
    'no policy',
    (s) => {
      s.settings.policyServers = []
    },
    {},
    'no policy',
  ],
  [
    'no domains',
    (s) => {
      s.settings.detectionStrings = []
    },
    {},
    'environment detection is not configured',
  ],
  [
    'at home, both',
    (s) => {
      s.host.dnsSuffix = 'corp.example'
    },
    {},
    'periodic 0',
  ],
  [
    'at home, external only',
    (s) => {
      s.host.dnsSuffix = 'lab.corp.example'
      for (const each of s.settings.policyServers) each.mpsType = 0
    },
    {},
    'inside the enterprise network',
  ],
  [
    'outside, internal only',
    (s) => {
      for (const each of s.settings.policyServers) each.mpsType = 1
    },
    {},
    'no policy',
  ],
  ['user asks', () => {}, { userWantsTunnel: true }, 'user 0'],
  ['only a user policy, nobody asks', (s) => void s.settings.policyServers.shift(), {}, 'no trigger'],
  [
    'only a user policy, somebody asks',
    (s) => void s.settings.policyServers.shift(),
    { userWantsTunnel: true },
    'user 0',
  ],
  [
    'two servers in their order',
    (s) => {
      s.settings.servers.push(server(1))
      s.settings.policyServers.push({ trigger: 'periodic', server: 1, order: -1, mpsType: 0 })
    },
    {},
    'periodic 1,0',
  ],
  [
    'its server is gone',
    (s) => {
      s.settings.servers = []
    },
    {},
    'no trigger',
  ],
]

describe('whether to dial', () => {
  for (const [what, change, given, expected] of rows)
    test(what, () => {
      const state = dialling()
      change(state)
      assert.equal(summary(decide(state, { ...calm, ...given })), expected)
    })

  test('the lifetime is that of the policy that fires', () => {
    const user = decide(dialling(), { ...calm, userWantsTunnel: true })
    const periodic = decide(dialling(), calm)
    assert.equal(user.dial && user.lifetime, 300_000)
    assert.equal(periodic.dial && periodic.lifetime, 0)
  })
})

test('home is the domain itself and what is below it, whatever the case', (t) => {
  exercised(t, 'self-3', 6)
  assert.equal(environment([], 'corp.example'), 'unset')
  assert.equal(environment(['Corp.Example'], 'corp.example'), 'inside')
  assert.equal(environment(['corp.example'], 'lab.CORP.example'), 'inside')
  assert.equal(environment(['corp.example'], 'notcorp.example'), 'outside')
  assert.equal(environment(['lab.corp.example'], 'corp.example'), 'outside')
  assert.equal(environment(['corp.example'], ''), 'outside')
})

test('a user may ask where the policy is there and the interface of the operating system is on', () => {
  const state = dialling()
  const asked = [32768, 32769, 32770, 32771].map((enabledState) => {
    state.settings.userInitiated.enabledState = enabledState
    return userMayAsk(state)
  })
  assert.deepEqual(asked, [false, false, true, true])
  state.settings.policies = []
  assert.equal(userMayAsk(state), false)
})

test('periods: an interval, a time of day, nonsense', () => {
  assert.deepEqual(periodOf('AAAAAAAAABk='), { every: 25_000 })
  assert.deepEqual(periodOf(Buffer.from([0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 30]).toString('base64')), {
    dailyAtMinute: 210,
  })
  assert.equal(periodOf('AAAA'), undefined)
  assert.equal(periodOf(Buffer.from([0, 0, 0, 7, 0, 0, 0, 3]).toString('base64')), undefined)
})
