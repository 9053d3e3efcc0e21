import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fault } from '@outrider/protocols/values'
import fc from 'fast-check'
import { hostFilter } from './host-filter.ts'

const host = {
  resourceId: 'host-0000abcd',
  name: 'Edge-7 rack 2',
  serialNumber: 'SN000007',
  uuid: 'd12428be-9fa1-4226-9784-54b2038beab6',
  currentAmtState: 'AMT_STATE_UNPROVISIONED',
  hostStatus: 'Not Connected',
  hostStatusTimestamp: 1_700_000_000,
  hostNics: [],
  metadata: [{ key: 'rack', value: '2' }],
  outrider: { support: 'amt', presence: { connected: true } },
}

describe('host filter', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['', true],
    ['name="edge-7"', true],
    ["name='EDGE*2'", true],
    ["name='edge*3'", false],
    ["name='*7*rack*'", true],
    ['name=edge-7', true],
    ['name!="edge-8"', true],
    ['serial_number="SN000007" AND uuid=""', false],
    ["serialNumber='SN000007' AND uuid='d12428be-9fa1-4226-9784-54b2038beab6'", true],
    ['serialNumber="nope" OR hostStatus="not connected"', true],
    // OR binds tighter than AND.
    ['name="nope" AND name="edge" OR name="rack"', false],
    ['(name="nope" AND name="edge") OR name="rack"', true],
    ['NOT name="nope"', true],
    ['NOT (name="edge" name="rack")', false],
    // One value of an enumeration is contained in another.
    ['currentAmtState=AMT_STATE_PROVISIONED', false],
    ['current_amt_state=AMT_STATE_UNPROVISIONED', true],
    ['hostStatusTimestamp>=1700000000', true],
    ['hostStatusTimestamp<1700000000', false],
    ['hostStatusTimestamp=1700000000', true],
    ['has(hostNics)', false],
    ['has(metadata)', true],
    ['has(site)', false],
    ['site.resourceId="site-12345678"', false],
    ['outrider.presence.connected=true', true],
    ['outrider.support=amt', true],
  ]
  for (const [filter, expected] of cases)
    it(`${expected ? 'passes' : 'drops'} ${filter || 'nothing said'}`, () =>
      assert.equal(hostFilter(filter)(host), expected))

  const broken = [
    'name',
    'name=',
    '=x',
    'name="open',
    '(name=a',
    'name=a)',
    'colour=red',
    'name=a AND',
    'has(name',
    '!!',
  ]
  for (const filter of broken)
    it(`refuses ${filter}`, () =>
      assert.throws(
        () => hostFilter(filter),
        (error) => error instanceof Fault && error.code === 'FILTER_INVALID',
      ))

  it('reads anything without breaking', () => {
    const words = fc.constantFrom(
      'name',
      '=',
      '!=',
      '"a"',
      "'*'",
      '(',
      ')',
      'AND',
      'OR',
      'NOT',
      'has',
      ' ',
      'site.x',
      '>',
      '*',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(words).map((parts) => parts.join('')),
          fc.string(),
        ),
        (filter) => {
          try {
            assert.equal(typeof hostFilter(filter)(host), 'boolean')
          } catch (error) {
            assert.ok(error instanceof Fault)
          }
        },
      ),
      { numRuns: 2000 },
    )
    assert.throws(() => hostFilter(`${'('.repeat(900)}`), Fault)
  })

  it('finds a text exactly where its wildcard form says', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 })
    fc.assert(
      fc.property(letters, fc.array(letters, { minLength: 2, maxLength: 4 }), (value, parts) => {
        const form = new RegExp(`^${parts.join('.*')}$`)
        assert.equal(hostFilter(`name="${parts.join('*')}"`)({ name: value }), form.test(value))
      }),
    )
  })
})
