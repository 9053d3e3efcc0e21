import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, describe, test } from 'node:test'
import fc from 'fast-check'
import { flipped, ProvisioningPki, SETUP_PURPOSES } from '../test/provisioning-chain.ts'
import { exercised, rowsOf } from '../test/rule-book.ts'
import { addToChain, type CertificateChain, type ChainCircumstances, noChain } from './certificate-chain.ts'

const DAY = 86_400_000
const [SERVER_AUTHENTICATION, SETUP] = SETUP_PURPOSES

describe('the chain of a provisioning certificate', () => {
  let pki: ProvisioningPki
  let good: readonly Uint8Array[]
  let given: ChainCircumstances

  before(async () => {
    pki = await ProvisioningPki.create(1)
    good = pki.chain(await pki.leaf())
    given = {
      now: Date.now(),
      dnsSuffix: 'vprodemo.com',
      trustedHashes: [{ name: 'test', hash: pki.rootHash.toUpperCase(), isActive: true, isDefault: false }],
      rootHashAlgorithms: ['sha256'],
    }
  })

  /** Uploads certificates as existing servers do; the return values, and what came of it. */
  const upload = (
    certificates: readonly Uint8Array[],
    changes: Partial<ChainCircumstances> = {},
    from: CertificateChain = noChain,
  ) => {
    let chain = from
    const answers = certificates.map((certificate, index) => {
      const isRoot = index === certificates.length - 1 && certificates.length > 1
      const outcome = addToChain(chain, { certificate, isLeaf: index === 0, isRoot }, { ...given, ...changes })
      chain = outcome.chain
      return outcome.returnValue
    })
    return { answers, chain }
  }
  const leafAnswer = async (
    details: Parameters<ProvisioningPki['leaf']>[0],
    changes: Partial<ChainCircumstances> = {},
  ) => upload([(await pki.leaf(details)).der], changes).answers[0]

  test('is taken leaf, intermediate, root', (t) => {
    const statuses: number[] = []
    let chain = noChain
    for (const [index, certificate] of good.entries()) {
      const link = { certificate, isLeaf: index === 0, isRoot: index === 2 }
      const outcome = addToChain(chain, link, given)
      assert.equal(outcome.returnValue, 0)
      chain = outcome.chain
      statuses.push(chain.status)
    }
    assert.deepEqual(statuses, [1, 1, 2])
    assert.deepEqual(
      chain.certificates.map(({ raw }) => Buffer.from(raw)),
      good.map((der) => Buffer.from(der)),
    )
    exercised(t, 'chain-status')
  })

  test('without intermediates, and with as many as fit', async (t) => {
    const leafUnderRoot = await pki.leaf({}, pki.root)
    assert.deepEqual(upload([leafUnderRoot.der, pki.root.der]).answers, [0, 0])
    const deep = await ProvisioningPki.create(2)
    const trusted = { trustedHashes: [{ name: 'deep', hash: deep.rootHash, isActive: true, isDefault: false }] }
    const four = deep.chain(await deep.leaf())
    assert.equal(four.length, 4)
    assert.deepEqual(upload(four, trusted).answers, [0, 0, 0, 0])
    const deeper = await ProvisioningPki.create(3)
    const five = upload(deeper.chain(await deeper.leaf()), {
      trustedHashes: [{ name: 'deeper', hash: deeper.rootHash, isActive: true, isDefault: false }],
    })
    assert.deepEqual(five.answers, [0, 0, 0, 0, 5])
    assert.equal(five.chain, noChain)
    exercised(t, 'chain-length', 3)
  })

  test('begins with a leaf, and with a leaf again at any time', (t) => {
    const [leaf, middle, root] = good as [Uint8Array, Uint8Array, Uint8Array]
    for (const [certificate, isRoot] of [
      [leaf, false],
      [middle, false],
      [root, true],
    ] as const) {
      const outcome = addToChain(noChain, { certificate, isLeaf: false, isRoot }, given)
      assert.deepEqual(outcome, { returnValue: 3, chain: noChain })
    }
    const complete = upload(good).chain
    assert.equal(addToChain(complete, { certificate: root, isLeaf: false, isRoot: true }, given).returnValue, 3)
    const again = addToChain(complete, { certificate: leaf, isLeaf: true, isRoot: false }, given)
    assert.equal(again.returnValue, 0)
    assert.equal(again.chain.status, 1)
    assert.equal(again.chain.certificates.length, 1)
    assert.deepEqual(upload(good, {}, complete).answers, [0, 0, 0])
    exercised(t, 'chain-order', 4)
    exercised(t, 'chain-restart', 2)
  })

  test('in any other order is refused', (t) => {
    const [leaf, middle, root] = good as [Uint8Array, Uint8Array, Uint8Array]
    for (const [order, answers] of rowsOf(t, 'chain-order', [
      [
        [leaf, root],
        [0, 4],
      ],
      [
        [leaf, root, middle],
        [0, 4, 3],
      ],
      [
        [middle, leaf, root],
        [4, 3, 3],
      ],
      [
        [root, middle, leaf],
        [4, 3, 3],
      ],
      [
        [leaf, leaf, root],
        [0, 4, 3],
      ],
      [
        [leaf, middle, middle],
        [0, 0, 4],
      ],
    ])) {
      const outcome = upload(order)
      assert.deepEqual(outcome.answers, answers)
      assert.notEqual(outcome.chain.status, 2)
    }
  })

  test('with one bit flipped anywhere is refused before it is complete', (t) => {
    let runs = 0
    fc.assert(
      fc.property(fc.nat(2), fc.nat(1 << 16), (which, bit) => {
        runs++
        const { answers, chain } = upload(good.map((der, index) => (index === which ? flipped(der, bit) : der)))
        assert.ok(answers.includes(4), `certificate ${which}, bit ${bit}: ${answers}`)
        assert.notEqual(chain.status, 2)
      }),
      { numRuns: 400 },
    )
    exercised(t, 'chain-signature', runs)
  })

  test('is DER, whole and alone', (t) => {
    const [leaf] = good as [Uint8Array]
    const wrong = [new Uint8Array(9), leaf.subarray(0, -1), Uint8Array.of(...leaf, 0), Buffer.from('-----BEGIN')]
    for (const der of wrong) assert.deepEqual(upload([der]).answers, [4])
    exercised(t, 'chain-der', wrong.length)
    for (const certificate of [undefined, new Uint8Array(0)])
      assert.equal(addToChain(noChain, { certificate, isLeaf: true, isRoot: false }, given).returnValue, 1)
    exercised(t, 'chain-missing', 2)
  })

  test('is valid by the clock of the device, every part of it', async (t) => {
    const now = Date.now()
    for (const [at, answers] of [
      [now, [0, 0, 0]],
      [now + 400 * DAY, [4, 3, 3]],
      [now - 40 * DAY, [4, 3, 3]],
    ] as const)
      assert.deepEqual(upload(good, { now: at }).answers, answers)
    const expired = { notBefore: new Date(now - 10 * DAY), notAfter: new Date(now - DAY) }
    const early = { notBefore: new Date(now + DAY) }
    const [leaf, middle] = good as [Uint8Array, Uint8Array]
    for (const details of [expired, early]) {
      assert.equal(await leafAnswer(details), 4)
      assert.deepEqual(upload([leaf, (await pki.authority(details)).der]).answers, [0, 4])
      const root = await pki.rootAgain(details)
      const trustedHashes = [{ name: 'x', hash: hashOf(root.der), isActive: true, isDefault: false }]
      assert.deepEqual(upload([leaf, middle, root.der], { trustedHashes }).answers, [0, 0, 4])
    }
    exercised(t, 'chain-validity', 9)
  })

  test('is signed by authorities that may', async (t) => {
    const [leaf] = good as [Uint8Array]
    for (const details of [{ authority: false }, { mayCertify: false }])
      assert.deepEqual(upload([leaf, (await pki.authority(details)).der]).answers, [0, 4])
    assert.deepEqual(upload([leaf, (await pki.authority({ mayCertify: true })).der, pki.root.der]).answers, [0, 0, 0])
    // Same name, another key.
    const impostor = await pki.authority({}, pki.leafKeys)
    assert.deepEqual(upload([leaf, impostor.der]).answers, [0, 4])
    exercised(t, 'chain-authority', 4)
  })

  test('has a leaf made for setup', async (t) => {
    const unit = 'CN=provision.vprodemo.com, OU=Intel(R) Client Setup Certificate'
    for (const [purposes, subject, answer] of rowsOf(t, 'leaf-purpose', [
      [[SERVER_AUTHENTICATION, SETUP], undefined, 0],
      [[SETUP, SERVER_AUTHENTICATION, '1.3.6.1.5.5.7.3.2'], undefined, 0],
      [[SERVER_AUTHENTICATION], unit, 0],
      [[SERVER_AUTHENTICATION], undefined, 4],
      [[SERVER_AUTHENTICATION], `${unit} 2`, 4],
      [[SERVER_AUTHENTICATION], 'CN=provision.vprodemo.com, O=Intel(R) Client Setup Certificate', 4],
      [[SETUP], undefined, 4],
      [[SETUP], unit, 4],
      [[], unit, 4],
      [[], undefined, 4],
      // The neighbours of the setup purpose: remote and local console, and one that only begins alike.
      [[SERVER_AUTHENTICATION, '2.16.840.1.113741.1.2.1'], undefined, 4],
      [[SERVER_AUTHENTICATION, '2.16.840.1.113741.1.2.2'], undefined, 4],
      [[SERVER_AUTHENTICATION, '2.16.840.1.113741.1.2.3.1'], undefined, 4],
    ])) {
      assert.equal(await leafAnswer({ purposes, ...(subject === undefined ? {} : { subject }) }), answer, `${purposes}`)
    }
  })

  test('has a leaf whose mark is that to the last bit', (t) => {
    const [leaf] = good as [Uint8Array]
    const mark = Buffer.from('060a6086480186f84d010203', 'hex')
    const at = Buffer.from(leaf).indexOf(mark)
    assert.ok(at > 0)
    for (let bit = 0; bit < (mark.length - 2) * 8; bit++)
      assert.deepEqual(upload([flipped(leaf, (at + 2) * 8 + bit)]).answers, [4], `bit ${bit}`)
    exercised(t, 'leaf-purpose', (mark.length - 2) * 8)
  })

  test('has a leaf with an RSA key that is long enough, signed with SHA-256', async (t) => {
    for (const [details, answer] of rowsOf(t, 'leaf-key', [
      [{ keys: pki.leafKeys }, 0],
      [{ keys: pki.shortKeys }, 4],
      [{ keys: pki.ellipticKeys }, 4],
      [{ hash: 'SHA-1' }, 4],
      [{ hash: 'SHA-384' }, 4],
    ])) {
      assert.equal(await leafAnswer(details), answer)
    }
  })

  test('has a leaf for the DNS suffix of the device', async (t) => {
    for (const [commonName, dnsSuffix, answer] of rowsOf(t, 'leaf-suffix', [
      ['provision.vprodemo.com', 'vprodemo.com', 0],
      ['vprodemo.com', 'vprodemo.com', 0],
      ['*.vprodemo.com', 'vprodemo.com', 0],
      ['a.b.vprodemo.com', 'vprodemo.com', 0],
      ['Provision.VProDemo.com', 'vprodemo.COM', 0],
      ['provision.vprodemo.com', 'lab.vprodemo.com', 4],
      ['vprodemo.com', 'lab.vprodemo.com', 4],
      ['notvprodemo.com', 'vprodemo.com', 4],
      ['vprodemo.com.evil.example', 'vprodemo.com', 4],
      ['provision.vprodemo.org', 'vprodemo.com', 4],
      ['provision.vprodemo.com', '', 4],
    ])) {
      assert.equal(await leafAnswer({ commonName }, { dnsSuffix }), answer, `${commonName} for ${dnsSuffix}`)
    }
    const named = (dnsNames: readonly string[]) => leafAnswer({ commonName: 'somebody', dnsNames })
    assert.equal(await named(['other.example', 'provision.vprodemo.com']), 0)
    assert.equal(await named(['other.example']), 4)
    assert.equal(await named(['other.example, DNS:provision.vprodemo.com']), 4)
    exercised(t, 'leaf-suffix', 3)
  })

  test('ends in a root that is trusted, by one of the hashes the firmware compares', async (t) => {
    const entry = (hash: string, isActive = true) => [{ name: 'x', hash, isActive, isDefault: false }]
    const root = (changes: Partial<ChainCircumstances>) => upload(good, changes).answers
    for (const [changes, answer] of rowsOf(t, 'root-trust', [
      [{ trustedHashes: [] }, 4],
      [{ trustedHashes: entry(pki.rootHash, false) }, 4],
      [{ trustedHashes: [...entry('ab'.repeat(32)), ...entry(pki.rootHash)] }, 0],
      [{ trustedHashes: entry(pki.hash('sha1')) }, 4],
      [{ trustedHashes: entry(pki.hash('sha1')), rootHashAlgorithms: ['sha1', 'sha256'] }, 0],
      [{ trustedHashes: entry(pki.hash('sha384')), rootHashAlgorithms: ['sha256', 'sha384'] }, 0],
      [{ trustedHashes: entry(pki.rootHash.slice(0, -2)) }, 4],
    ])) {
      assert.deepEqual(root(changes), [0, 0, answer])
    }
    // The name and even the key of the trusted root are not that root.
    const renewed = await pki.rootAgain({ notAfter: new Date(Date.now() + DAY) })
    assert.deepEqual(upload([...good.slice(0, 2), renewed.der]).answers, [0, 0, 4])
    const impostor = await pki.otherRoot(pki.leafKeys)
    assert.deepEqual(upload([...good.slice(0, 2), impostor.der]).answers, [0, 0, 4])
    let runs = 0
    fc.assert(
      fc.property(fc.nat(255), (bit) => {
        runs++
        const hash = Buffer.from(flipped(Buffer.from(pki.rootHash, 'hex'), bit)).toString('hex')
        assert.deepEqual(root({ trustedHashes: entry(hash) }), [0, 0, 4])
      }),
      { numRuns: 50 },
    )
    exercised(t, 'root-trust', runs + 2)
  })

  test('of one certificate is complete where that is leaf and root', (t) => {
    // A leaf alone is a chain in progress.
    const [leaf] = good as [Uint8Array]
    assert.equal(upload([leaf]).chain.status, 1)
    assert.equal(addToChain(noChain, { certificate: leaf, isLeaf: true, isRoot: true }, given).returnValue, 4)
    exercised(t, 'chain-order')
  })
})

const hashOf = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex')
