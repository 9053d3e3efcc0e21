import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LOCAL_SYSTEM_USER } from '../device.ts'
import { seededRandom } from '../random.ts'
import { factoryState } from '../state/factory.ts'
import { exercised, rowsOf } from '../test/rule-book.ts'
import { quirksOf } from '../versions/quirks.ts'
import { partialUnprovision, setUpClient, unprovision, unprovisionOverMei } from './setup.ts'

const maker = { random: seededRandom('setup'), quirks: quirksOf('16') }
const fresh = () => factoryState({ ...maker, now: 0, dnsSuffix: 'x', lmsPresent: false })
const request = { encryptionType: 2, password: '0123456789ABCDEF0123456789abcdef' }
const machine = { user: LOCAL_SYSTEM_USER, way: 'local' } as const

describe('setup into client control mode', () => {
  test('is for the machine itself', (t) => {
    for (const caller of rowsOf(t, 'setup-caller', [
      { user: LOCAL_SYSTEM_USER, way: 'tunnel' },
      { user: 'admin', way: 'local' },
      { user: 'admin', way: 'tunnel' },
      { user: '$$osadmin', way: 'local' },
    ] as const)) {
      const state = fresh()
      assert.equal(setUpClient(state, request, caller), 2)
      assert.deepEqual(state.settings.controlMode, 0)
    }
    const state = fresh()
    assert.equal(setUpClient(state, request, machine), 0)
    assert.equal(state.settings.adminHa1, request.password.toLowerCase())
    assert.deepEqual(state.settings.optIn.canModify, 0)
    assert.equal(state.settings.optIn.required, 4294967295)
    exercised(t, 'setup-effects')
  })

  test('takes 32 hexadecimal digits as HA1', (t) => {
    for (const encryptionType of rowsOf(t, 'setup-encryption', [undefined, 0, 1, 3] as const))
      assert.equal(setUpClient(fresh(), { ...request, encryptionType }, machine), 3)
    for (const password of rowsOf(t, 'setup-password', [
      undefined,
      '',
      '0'.repeat(31),
      '0'.repeat(33),
      `${'0'.repeat(31)}g`,
      `${'0'.repeat(31)} `,
    ] as const))
      assert.equal(setUpClient(fresh(), { ...request, password }, machine), 3)
  })

  test('with one bit flipped in a digit that is none any more is refused', (t) => {
    let refused = 0
    for (let bit = 0; bit < 32 * 8; bit++) {
      const bytes = Buffer.from(request.password)
      bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7))
      const password = bytes.toString('latin1')
      const digit = /^[0-9a-f]{32}$/i.test(password)
      assert.equal(setUpClient(fresh(), { ...request, password }, machine), digit ? 0 : 3)
      if (!digit) refused++
    }
    exercised(t, 'setup-password', refused)
  })

  test('ends as it must, and what is kept is kept', (t) => {
    const owned = fresh()
    setUpClient(owned, request, machine)
    const { digestRealm } = owned.settings
    owned.settings.general.HostName = 'lab-1'
    const partly = structuredClone(owned)
    assert.equal(partialUnprovision(partly, maker), 0)
    assert.deepEqual(
      [partly.settings.adminHa1, partly.settings.digestRealm, partly.settings.general.HostName],
      [owned.settings.adminHa1, digestRealm, 'lab-1'],
    )
    assert.equal(partly.settings.provisioningState, 0)
    const wiped = structuredClone(owned)
    assert.equal(unprovision(wiped, 1, machine, maker), 0)
    assert.equal(wiped.settings.adminHa1, null)
    assert.notEqual(wiped.settings.digestRealm, digestRealm)
    for (const mode of [undefined, 0, 2, 3]) assert.equal(unprovision(structuredClone(owned), mode, machine, maker), 36)
    assert.equal(unprovision(fresh(), 1, machine, maker), 16)
    assert.equal(unprovisionOverMei(fresh(), 0, maker), 32)
    assert.equal(unprovisionOverMei(structuredClone(owned), 0, maker), 0)
    owned.settings.controlMode = 2
    assert.equal(unprovisionOverMei(owned, 0, maker), 3)
    assert.equal(unprovision(owned, 1, machine, maker), 16)
    exercised(t, 'unprovision-wsman', 6)
    exercised(t, 'unprovision-acm', 2)
  })
})
