import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { DomainProfile } from '@outrider/domain/ports'
import { Fault, guid, secret, utf8 } from '@outrider/protocols/values'
import { memorySecrets } from '@outrider/testing/harness'
import fc from 'fast-check'
import { type LeafWishes, type PfxWishes, ProvisioningPki } from '../test/provisioning-pki.ts'
import {
  chooseDomain,
  createPfxReader,
  examine,
  factsOf,
  isForSuffix,
  KeptCertificates,
  namesOf,
  signWith,
  suffixesOf,
} from './index.ts'

const project = guid('11111111-1111-4111-8111-111111111111')
/** A limit of its own would run from when this file is read, long before its tests. */
const signal = new AbortController().signal
const code = (wanted: string) => (error: unknown) => error instanceof Fault && error.code === wanted

describe('provisioning certificates', () => {
  let pki: ProvisioningPki
  const read = createPfxReader()
  before(() => {
    pki = new ProvisioningPki()
  })
  after(() => pki[Symbol.dispose]())

  const open = async (leaf: LeafWishes = {}, file: PfxWishes = {}, suffix = 'vprodemo.com') =>
    examine(await read(pki.pfx(leaf, file), secret(file.password ?? 'P@ssw0rd'), signal), suffix, Date.now())

  test('are read with modern and legacy ciphers, put in order, and sign', async () => {
    for (const cipher of ['modern', 'legacy'] as const) {
      const certificate = await open({}, { cipher, password: 'pä$$ wörd' })
      assert.deepEqual(
        certificate.chain.map((each) => namesOf(each)[0]),
        ['rps.vprodemo.com', 'test provisioning root intermediate', 'test provisioning root'],
      )
      const signature = await signWith(certificate, utf8('nonce'))
      const key = createPublicKey(certificate.key)
      assert.ok(verify('sha256', utf8('nonce'), key, new Uint8Array(signature)))
      const facts = factsOf(certificate)
      assert.equal(facts.rootHashes.sha256, pki.rootHash)
      assert.equal(facts.rootName, 'Test Provisioning Root')
      assert.equal(facts.expiresAt, certificate.chain[0]!.validToDate.getTime())
    }
  })

  test('may carry the older mark', async () => {
    await open({ mark: 'ou' })
  })

  const refusals: readonly [string, string, LeafWishes, PfxWishes][] = [
    ['without its purpose', 'PROVISIONING_CERT_PURPOSE_MISSING', { mark: 'none' }, {}],
    ['that has expired', 'PROVISIONING_CERT_EXPIRED', { to: '20210101000000Z' }, {}],
    [
      'that is not valid yet',
      'PROVISIONING_CERT_NOT_YET_VALID',
      { from: '20900101000000Z', to: '20910101000000Z' },
      {},
    ],
    ['with a short key', 'PROVISIONING_CERT_KEY_TOO_SHORT', { bits: 1024 }, {}],
    ['with an elliptic key', 'PROVISIONING_CERT_NOT_RSA', { curve: 'prime256v1' }, {}],
    ['without a name', 'PROVISIONING_CERT_WITHOUT_NAME', { commonName: '' }, {}],
    ['without a root', 'PROVISIONING_CERT_WITHOUT_ROOT', {}, { certificates: 'no-root' }],
    ['alone', 'PROVISIONING_CERT_WITHOUT_ROOT', {}, { certificates: 'only-leaf' }],
    ['without its intermediate', 'PROVISIONING_CERT_CHAIN_BROKEN', {}, { certificates: 'no-intermediate' }],
    ['without a key', 'PROVISIONING_CERT_WITHOUT_KEY', {}, { key: 'none' }],
    ['with the key of another', 'PROVISIONING_CERT_KEY_MISMATCH', {}, { key: 'foreign' }],
  ]
  for (const [how, wanted, leaf, file] of refusals)
    test(`are refused ${how}`, async () => {
      await assert.rejects(open(leaf, file), code(wanted))
    })

  test('are refused for another suffix, before anything else that is wrong', async () => {
    for (const [leaf, file] of [
      [{}, {}],
      [{ to: '20210101000000Z' }, { certificates: 'no-root' }],
    ] as const)
      await assert.rejects(open(leaf, file, 'example.org'), code('PROVISIONING_CERT_OTHER_SUFFIX'))
  })

  test('are refused with a wrong password', async () => {
    for (const cipher of ['modern', 'legacy'] as const) {
      const file = pki.pfx({}, { cipher })
      for (const password of ['wrong', ''])
        await assert.rejects(read(file, secret(password), signal), code('PROVISIONING_CERT_PASSWORD_WRONG'))
    }
  })

  test('that are no PKCS#12, or damaged anywhere, are refused by a code', async () => {
    const whole = pki.pfx()
    const damaged = Buffer.from(whole)
    for (let at = 200; at < damaged.length; at += 97) damaged[at]! ^= 0xff
    for (const bytes of [new Uint8Array(), utf8('not a certificate'), whole.subarray(0, 900), damaged])
      await assert.rejects(
        read(bytes, secret('P@ssw0rd'), signal),
        (error) => error instanceof Fault && /^PROVISIONING_CERT_(UNREADABLE|PASSWORD_WRONG)$/.test(error.code),
      )
  })

  test('that would take for ever end by the deadline, and the next is read', async () => {
    const slow = createPfxReader(1)
    await assert.rejects(slow(pki.pfx(), secret('P@ssw0rd'), signal), code('PROVISIONING_CERT_READER_BUSY'))
    const gone = new Fault({ kind: 'unavailable', code: 'GONE', message: '', remedy: '' })
    await assert.rejects(read(pki.pfx(), secret('P@ssw0rd'), AbortSignal.abort(gone)), code('GONE'))
    await open()
  })

  test('are opened once for each version, by all who ask at once', async () => {
    const secrets = memorySecrets()
    const kept = new KeptCertificates(secrets)
    const put = async (password: string): Promise<DomainProfile> => {
      const file = secret(pki.pfx({}, { password }).toString('base64'))
      const values = { CERT: file, CERT_PASSWORD: secret(password) }
      const written = await secrets.put({ kind: 'domain', project, name: 'd' }, values, undefined, signal)
      assert.notEqual(written, 'stale')
      return domain({ name: 'd', secretVersion: (written as { version: number }).version })
    }
    const first = await put('one')
    const [a, b] = await Promise.all([kept.of(first, signal), kept.of(first, signal)])
    assert.equal(a, b)
    assert.equal(await kept.of(first, signal), a)
    assert.equal(secrets.reads(), 1)
    const second = await put('two')
    assert.notEqual(await kept.of(second, signal), a)
    assert.equal(secrets.reads(), 2)
    await assert.rejects(kept.of({ ...second, secretVersion: 99 }, signal), code('DOMAIN_SECRET_MISSING'))
  })
})

const domain = (fields: Partial<DomainProfile> = {}): DomainProfile => ({
  project,
  name: 'd',
  suffix: 'example.org',
  storageFormat: 'string',
  expiresAt: 5000,
  rootName: 'Root',
  rootHashes: { sha1: '1a'.repeat(20), sha256: '2a'.repeat(32), sha384: '3a'.repeat(48) },
  secretVersion: 1,
  version: 1,
  ...fields,
})

describe('the certificate for a device', () => {
  const choose = (domains: readonly DomainProfile[], fqdn: string, certHashes: readonly string[], now = 1000) =>
    chooseDomain(
      project,
      { fqdn, certHashes },
      {
        domains: {
          bySuffix: async (_project: unknown, suffixes: readonly string[]) =>
            domains.filter(({ suffix }) => suffixes.includes(suffix)),
        },
      } as unknown as Parameters<typeof chooseDomain>[2],
      now,
      signal,
    )
  const other = { sha1: '1b'.repeat(20), sha256: '2b'.repeat(32), sha384: '3b'.repeat(48) }
  const [sha1, sha256, sha384] = Object.values(domain().rootHashes) as [string, string, string]

  test('is of its suffix or one above, with a root it trusts by any hash', async () => {
    for (const fqdn of ['example.org', 'LAB.example.org.', 'a.b.example.org'])
      for (const hash of [sha1, sha256, sha384, sha256.toUpperCase()])
        assert.equal((await choose([domain()], fqdn, ['00', hash])).name, 'd')
  })

  test('is the nearest, then the one that lasts longest, of those whose root it trusts', async () => {
    const all = [
      domain({ name: 'far' }),
      domain({ name: 'near', suffix: 'lab.example.org' }),
      domain({ name: 'longer', suffix: 'lab.example.org', expiresAt: 6000 }),
      domain({ name: 'foreign', suffix: 'lab.example.org', rootHashes: other, expiresAt: 9000 }),
    ]
    assert.equal((await choose(all, 'lab.example.org', [sha256])).name, 'longer')
    assert.equal((await choose(all, 'example.org', [sha256])).name, 'far')
    assert.equal((await choose(all, 'lab.example.org', [other.sha384])).name, 'foreign')
    assert.equal((await choose(all.slice(0, 2), 'lab.example.org', [sha1], 5500).catch((e) => e)).code, EXPIRED)
    assert.equal((await choose(all, 'lab.example.org', [sha1], 5500)).name, 'longer')
  })
  const EXPIRED = 'PROVISIONING_CERT_EXPIRED'

  test('is missing for a reason', async () => {
    const cases: readonly [string, string, readonly string[], readonly DomainProfile[]][] = [
      ['DNS_SUFFIX_MISSING', '', [sha256], [domain()]],
      ['DNS_SUFFIX_MISSING', '.', [sha256], [domain()]],
      ['CERTIFICATE_HASHES_MISSING', 'example.org', [], [domain()]],
      ['DOMAIN_NOT_CONFIGURED', 'example.net', [sha256], [domain()]],
      ['DOMAIN_NOT_CONFIGURED', 'org', [sha256], [domain()]],
      ['PROVISIONING_ROOT_NOT_TRUSTED', 'example.org', ['00'], [domain()]],
      ['PROVISIONING_CERT_EXPIRED', 'example.org', [sha256], [domain({ expiresAt: 999 })]],
    ]
    for (const [wanted, fqdn, hashes, domains] of cases)
      await assert.rejects(choose(domains, fqdn, hashes), code(wanted), wanted)
  })
})

test('a suffix and those above it, down to two labels', () => {
  assert.deepEqual(suffixesOf('a.b.Example.org.'), ['a.b.example.org', 'b.example.org', 'example.org'])
  assert.deepEqual(suffixesOf('local'), ['local'])
  assert.deepEqual(suffixesOf(''), [])
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 2, maxLength: 8 }), (labels) => {
      const all = suffixesOf(labels.join('.'))
      assert.equal(all.length, labels.length - 1)
      assert.ok(all.every((each) => labels.join('.').endsWith(each)))
    }),
  )
})

test('a name fits a suffix it is in, or one beside it in its own domain', () => {
  const rows: readonly [string, string, boolean][] = [
    ['rps.example.org', 'example.org', true],
    ['example.org', 'Example.ORG', true],
    ['*.example.org', 'example.org', true],
    ['rps.example.org', 'lab.example.org', true],
    ['a.rps.example.org', 'example.org', true],
    ['rps.example.org', 'example.net', false],
    ['rps.badexample.org', 'example.org', false],
    ['rps.acme.co.uk', 'acme.co.uk', true],
    ['rps.acme.co.uk', 'lab.acme.co.uk', true],
    ['acme.co.uk', 'other.co.uk', false],
    ['org', 'example.org', false],
    ['', 'example.org', false],
  ]
  for (const [name, suffix, fits] of rows) assert.equal(isForSuffix([name], suffix), fits, `${name} for ${suffix}`)
})
