import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { codecTargets } from './fuzz/codec-targets.ts'
import { fuzzCodecs } from './fuzz/codecs.ts'
import { type Corpus, overhear } from './fuzz/corpus.ts'
import { fuzzRoutes } from './fuzz/routes.ts'
import { fuzzWires } from './fuzz/wires.ts'
import { House } from './house/house.ts'
import { someOf } from './matrix/cases.ts'
import { runMatrix } from './matrix/matrix.ts'
import { Noise } from './noise.ts'
import { soakTunnels } from './soak/soaks.ts'

// The seeds are fixed, so that what fails here fails again; the long run takes others.
describe('a share of `npm run test:long`', () => {
  let house: House
  let corpus: Corpus

  before(async () => {
    house = await House.open()
    corpus = await overhear(house, new Noise(1))
  })
  after(() => house[Symbol.asyncDispose]())

  test('what goes wrong at a step of a protocol ends coded or is survived, is done once, and leaves nothing', async () => {
    const noise = new Noise(20_261)
    const result = await runMatrix(house, {
      noise,
      parallel: 16,
      acts: ['activate', 'activate-admin', 'reset', 'deactivate'],
      choose: (cases) => someOf(cases, 16, noise),
    })
    assert.equal(result.outcomes.length, 16)
    for (const { of, wrong } of result.outcomes) assert.deepEqual(wrong, [], of.name)
    assert.deepEqual(result.leaks, [])
  })

  test('every codec reads what was overheard, and refuses what was spoilt with a code', () => {
    for (const { target, inputs, read, refused, wrong } of fuzzCodecs(codecTargets(corpus), 200, new Noise(20_262))) {
      assert.deepEqual(wrong, [], target)
      assert.equal(read + refused, inputs, target)
      assert.ok(read > 0, target)
    }
  })

  test('connections that are sent rubbish end by themselves', async () => {
    for (const { wire, wrong } of await fuzzWires(house, corpus, 12, new Noise(20_263)))
      assert.deepEqual(wrong, [], wire)
  })

  test('every route answers sense and nonsense, and never with a bug or a secret', async () => {
    const { wrong, succeeded } = await fuzzRoutes(house, { perRoute: 12, noise: new Noise(20_264) })
    assert.deepEqual(wrong, [])
    assert.ok(succeeded.size > 20)
  })

  test('devices that come and go leave nothing behind', async () => {
    // Too few for a slope to be told from code that is still being compiled; the long run does.
    const given = { cycles: 40, machines: 4, noise: new Noise(20_265), flat: false }
    const { cycles, wrong } = await soakTunnels(house, given)
    assert.equal(cycles, 40)
    assert.deepEqual(wrong, [])
  })
})
