import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  authorize,
  type DigestAuthorization,
  digestHa1,
  type Md5,
  parseAuthorization,
  parseChallenge,
  printAuthorization,
  printChallenge,
  printNonceCount,
  verifyDigest,
} from './digest.ts'

const md5: Md5 = (text) => hash('md5', text)
const REALM = 'Digest:34BF4B5A0561F95248F58509A406E046'
const NONCE = 'bQali2IAAAAAAAAAn0xaWCOcxNsRcEHX'
const POST = { method: 'POST', uri: '/wsman' }
const ha1 = digestHa1(md5, 'admin', REALM, 'P@ssw0rd')
const challenge = { realm: REALM, nonce: NONCE, stale: false, qopAuth: true }
// No line breaks and no NUL: they cannot be in a header field.
const field = fc.string({ unit: 'grapheme-ascii', minLength: 1 })

suite('digest', () => {
  test('the known answer', () => {
    const proof = authorize(md5, challenge, { username: 'admin', ha1 }, POST, 1, '0a4f113b')
    assert.equal(proof.response, 'a4f7003abd32562e8b14a799499a09d2')
    assert.equal(
      printAuthorization(proof),
      `Digest username="admin",realm="${REALM}",nonce="${NONCE}",uri="/wsman",qop="auth",response="a4f7003abd32562e8b14a799499a09d2",nc="00000001",cnonce="0a4f113b"`,
    )
  })

  test("the firmware's challenge, with its separators", () => {
    const printed = printChallenge(challenge)
    assert.equal(printed, `Digest realm="${REALM}", nonce="${NONCE}",stale="false",qop="auth"`)
    assert.deepEqual(parseChallenge(printed), challenge)
  })

  test('a challenge is read again, whatever is in it', () => {
    fc.assert(
      fc.property(field, field, fc.boolean(), (realm, nonce, stale) => {
        assert.deepEqual(parseChallenge(printChallenge({ realm, nonce, stale })), {
          realm,
          nonce,
          stale,
          qopAuth: true,
        })
      }),
    )
  })

  test('an authorization is read again and verifies, with and without qop', () => {
    fc.assert(
      fc.property(
        field,
        field,
        field,
        fc.boolean(),
        fc.integer({ min: 1, max: 0xffffffff }),
        (username, realm, nonce, qopAuth, count) => {
          const own = digestHa1(md5, username, realm, 'secret')
          const given = { realm, nonce, stale: false, qopAuth, opaque: 'o"p' }
          const proof = authorize(md5, given, { username, ha1: own }, POST, count, 'cafe')
          const read = parseAuthorization(printAuthorization(proof))
          assert.deepEqual(read, proof)
          assert.ok(verifyDigest(md5, own, 'POST', read!))
          assert.ok(!verifyDigest(md5, digestHa1(md5, username, realm, 'other'), 'POST', read!))
          assert.ok(!verifyDigest(md5, own, 'GET', read!))
        },
      ),
    )
  })

  test('nothing of a proof can be changed', () => {
    const proof = authorize(md5, challenge, { username: 'admin', ha1 }, POST, 1, '0a4f113b')
    const changes: Partial<DigestAuthorization>[] = [
      { nonce: 'x' },
      { uri: '/' },
      { nc: '00000002' },
      { cnonce: 'x' },
      { qop: 'auth-int' },
      { response: proof.response.replace('a', 'b') },
      { response: '' },
    ]
    for (const change of changes) assert.ok(!verifyDigest(md5, ha1, 'POST', { ...proof, ...change }))
  })

  test('reads the quotes and orders of other clients', () => {
    const curl = `Digest username="admin", realm="${REALM}", nonce="${NONCE}", uri="/wsman", cnonce="0a4f113b", nc=00000001, qop=auth, response="A4F7003ABD32562E8B14A799499A09D2", algorithm=MD5`
    const read = parseAuthorization(curl)
    assert.ok(read !== undefined && verifyDigest(md5, ha1, 'POST', read))
    const bare = `digest   response=a4f7003abd32562e8b14a799499a09d2 ,qop = auth,nc=00000001,cnonce=0a4f113b,uri=/wsman,username=admin,realm="${REALM}",nonce=${NONCE}`
    const other = parseAuthorization(bare)
    assert.ok(other !== undefined && verifyDigest(md5, ha1, 'POST', other))
    assert.equal(parseAuthorization(bare.replace('qop = auth', 'qop = a"u"th')), undefined)
  })

  test('takes auth from several qops and refuses what it cannot answer', () => {
    assert.equal(parseChallenge('Digest realm="a",nonce="b",qop="auth-int, auth"')?.qopAuth, true)
    assert.equal(parseChallenge('Digest realm="a",nonce="b"')?.qopAuth, false)
    assert.equal(parseChallenge('Digest realm="a",nonce="b",stale=TRUE')?.stale, true)
    for (const value of [
      'Digest realm="a",nonce="b",qop="auth-int"',
      'Digest realm="a",nonce="b",algorithm=SHA-256',
      'Digest realm="a"',
      'Digest nonce="b"',
      'Basic realm="a"',
      'Negotiate',
      'Digest',
      'Digest realm="a',
      'Digest realm="a",nonce="b",nonce="c"',
      'Digest realm="a",nonce',
      'Digest realm="a\\',
      `Digest realm="${'a'.repeat(5000)}",nonce="b"`,
    ])
      assert.equal(parseChallenge(value), undefined, value)
  })

  test('refuses proofs that are not whole', () => {
    const whole = `Digest username="admin",realm="r",nonce="n",uri="/wsman",qop="auth",response="x",nc="00000001",cnonce="c"`
    assert.ok(parseAuthorization(whole))
    for (const part of [
      'username="admin",',
      'realm="r",',
      'nonce="n",',
      'uri="/wsman",',
      'response="x",',
      'nc="00000001",',
      ',cnonce="c"',
    ])
      assert.equal(parseAuthorization(whole.replace(part, '')), undefined, part)
    assert.equal(parseAuthorization(whole.replace('00000001', '1')), undefined)
  })

  test('any value is read or refused, nothing else', () => {
    const unit = fc.constantFrom('Digest ', 'realm', 'nonce', '=', '"', ',', ' ', '\\', 'a')
    fc.assert(
      fc.property(fc.string({ unit }), (value) => {
        parseChallenge(`Digest ${value}`)
        parseAuthorization(`Digest ${value}`)
      }),
    )
  })

  test('the counter has eight digits', () => {
    assert.deepEqual([1, 255, 0xffffffff].map(printNonceCount), ['00000001', '000000ff', 'ffffffff'])
  })
})
