import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { before, describe, test } from 'node:test'
import { type Authority, createAuthority, type Issued } from '../test/authority.ts'
import { expectedName, judgeServer } from './server-certificate.ts'

const NAME = 'mps.example.com'
const parse = ({ der }: Issued) => new X509Certificate(der)
const day = 86_400_000

describe('the server a device dials', () => {
  let ours: Authority
  let theirs: Authority
  let leaf: X509Certificate
  let root: X509Certificate
  const judge = (chain: readonly X509Certificate[], changes: Partial<Parameters<typeof judgeServer>[1]> = {}) =>
    judgeServer(chain, { roots: [root], name: NAME, now: Date.now(), ...changes })

  before(async () => {
    ours = await createAuthority('our root')
    theirs = await createAuthority('their root')
    root = parse(ours)
    leaf = parse(await ours.issue(NAME))
  })

  test('is trusted with a leaf of a root in the store, with or without that root in the chain', () => {
    assert.equal(judge([leaf]), 'trusted')
    assert.equal(judge([leaf, root]), 'trusted')
  })

  test('is not trusted under another root, an empty store, or without a certificate', async () => {
    assert.equal(judge([parse(await theirs.issue(NAME))]), 'untrusted')
    assert.equal(judge([parse(await theirs.issue(NAME)), parse(theirs)]), 'untrusted')
    assert.equal(judge([leaf], { roots: [] }), 'untrusted')
    assert.equal(judge([]), 'untrusted')
  })

  test('is not trusted under a root that only has the name of ours', async () => {
    const impostor = await createAuthority('our root')
    assert.equal(judge([parse(await impostor.issue(NAME)), parse(impostor)]), 'untrusted')
  })

  test('is judged by the clock of the device', () => {
    assert.equal(judge([leaf], { now: Date.now() - 2 * day }), 'not yet valid')
    assert.equal(judge([leaf], { now: Date.now() + 366 * day }), 'expired')
    assert.equal(judge([leaf], { now: Date.now() + 4000 * day }), 'expired')
  })

  test('has the name it was configured with, as common name or alternative name', async () => {
    assert.equal(judge([leaf], { name: 'other.example.com' }), 'wrong name')
    assert.equal(judge([leaf], { name: 'MPS.example.com' }), 'trusted')
    assert.equal(judge([parse(await ours.issue(NAME, { asAlternativeName: true }))]), 'trusted')
    const wild = parse(await ours.issue('*.example.com'))
    assert.equal(judge([wild]), 'trusted')
    assert.equal(judge([wild], { name: 'a.b.example.com' }), 'wrong name')
    assert.equal(judge([wild], { name: 'example.com' }), 'wrong name')
  })

  test('a leaf cannot sign another leaf', async () => {
    // A chain whose middle is no authority.
    const other = parse(await theirs.issue(NAME))
    assert.equal(judge([other, leaf]), 'untrusted')
  })
})

test('an address is expected under its common name where one was given', () => {
  assert.equal(expectedName('192.0.2.1', NAME), NAME)
  assert.equal(expectedName('192.0.2.1', ''), '192.0.2.1')
  assert.equal(expectedName('mps.example.com', 'undefined'), 'mps.example.com')
})
