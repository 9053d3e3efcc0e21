import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { secret } from '@outrider/protocols/values'
import {
  authorize,
  type DigestChallenge,
  digestHa1,
  type HttpRequest,
  parseChallenge,
  printAuthorization,
} from '@outrider/protocols/wsman'
import { ManualClock, timingOf } from '../index.ts'
import { machine, PASSWORD } from '../test/bench.ts'
import { flipped } from '../test/provisioning-chain.ts'
import { exercised } from '../test/rule-book.ts'
import { type Admission, DigestGate, md5 } from './digest-gate.ts'

const request = (authorization?: string): HttpRequest => ({
  method: 'POST',
  target: '/wsman',
  headers: authorization === undefined ? [] : [['authorization', authorization]],
  body: new Uint8Array(0),
  keepAlive: true,
})

describe('the digest of the device', () => {
  let clock: ManualClock
  let gate: DigestGate
  let firmware: ReturnType<typeof machine>

  beforeEach(() => {
    clock = new ManualClock()
    firmware = machine({ clock, timing: 'real' })
    gate = new DigestGate(firmware.device)
    firmware.device.store.change(({ settings }) => {
      settings.provisioningState = 2
      settings.controlMode = 1
      settings.adminHa1 = digestHa1(md5, 'admin', settings.digestRealm, PASSWORD)
    })
  })

  const challengeOf = (admission: Admission): DigestChallenge => {
    assert.equal(admission.is, 'challenged')
    return parseChallenge((admission as { challenge: string }).challenge)!
  }
  const proof = (
    challenge: DigestChallenge,
    given: { user?: string; password?: string; count?: number; uri?: string; method?: string } = {},
  ): string => {
    const username = given.user ?? 'admin'
    const ha1 = digestHa1(md5, username, challenge.realm, secret(given.password ?? PASSWORD).reveal())
    const line = { method: given.method ?? 'POST', uri: given.uri ?? '/wsman' }
    return printAuthorization(authorize(md5, challenge, { username, ha1 }, line, given.count ?? 1, 'abc123'))
  }
  const ask = () => challengeOf(gate.admit(request(), 'tunnel'))
  const admit = (field: string, way: 'local' | 'tunnel' = 'tunnel') => gate.admit(request(field), way)

  test('admits who knows the password, on any connection, with a rising counter', (t) => {
    exercised(t, 'self-2')
    const challenge = ask()
    assert.equal(challenge.stale, false)
    assert.equal(challenge.realm, firmware.device.store.now.settings.digestRealm)
    for (const count of [1, 2, 3])
      assert.deepEqual(admit(proof(challenge, { count })), {
        is: 'admitted',
        caller: { user: 'admin', way: 'tunnel' },
      })
  })

  test('refuses a wrong password, another user, another path and another method, and does not call it stale', (t) => {
    exercised(t, 'digest-login', 5)
    exercised(t, 'self-2')
    const challenge = ask()
    for (const wrong of [
      { password: 'nope' },
      { user: 'Admin' },
      { user: 'root' },
      { uri: '/other' },
      { method: 'GET' },
    ])
      assert.equal(challengeOf(admit(proof(challenge, wrong))).stale, false)
  })

  test('refuses a proof with one bit flipped in any of its fields', (t) => {
    const challenge = ask()
    const admin = digestHa1(md5, 'admin', challenge.realm, PASSWORD)
    const line = { method: 'POST', uri: '/wsman' }
    const right = authorize(md5, challenge, { username: 'admin', ha1: admin }, line, 1, 'abc123')
    const fields = ['username', 'realm', 'nonce', 'uri', 'nc', 'cnonce', 'response'] as const
    assert.equal(admit(printAuthorization(right)).is, 'admitted')
    let runs = 0
    for (const field of fields)
      for (let bit = 0; bit < right[field]!.length * 8; bit++) {
        const wrong = Buffer.from(flipped(Buffer.from(right[field]!), bit)).toString('latin1')
        // Hexadecimal in the other case is the same number.
        if (wrong.toLowerCase() === right[field]!.toLowerCase() && (field === 'response' || field === 'nc')) continue
        const admission = admit(printAuthorization({ ...right, [field]: wrong }))
        // Wrong, and not as if only its nonce had run out.
        assert.equal(challengeOf(admission).stale, false, `${field}, bit ${bit}`)
        runs++
      }
    exercised(t, 'digest-login', runs)
  })

  test('a nonce it never gave, or one that ran out, is stale', (t) => {
    exercised(t, 'self-2', 2)
    const challenge = ask()
    const own = { ...challenge, nonce: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }
    assert.equal(challengeOf(admit(proof(own))).stale, true)
    clock.advance(timingOf('real').nonceLife)
    assert.equal(challengeOf(admit(proof(challenge))).stale, true)
  })

  test('a counter counts once, also when it comes late', () => {
    const challenge = ask()
    assert.equal(admit(proof(challenge, { count: 3 })).is, 'admitted')
    assert.equal(admit(proof(challenge, { count: 2 })).is, 'admitted')
    for (const count of [3, 2]) assert.equal(challengeOf(admit(proof(challenge, { count }))).stale, true)
    assert.equal(admit(proof(challenge, { count: 100 })).is, 'admitted')
    assert.equal(challengeOf(admit(proof(challenge, { count: 36 }))).stale, true)
    assert.equal(admit(proof(challenge, { count: 37 })).is, 'admitted')
  })

  test('another realm, an old one for instance, is no attempt at a password', () => {
    const challenge = { ...ask(), realm: 'Digest:00000000000000000000000000000000' }
    for (let i = 0; i < 5; i++) {
      const admission = admit(proof(challenge))
      assert.equal(challengeOf(admission).stale, false)
      assert.equal((admission as { delay: number }).delay, 0)
    }
  })

  test('the third wrong password within the window is answered late; later ones in time again', () => {
    const { lockoutDelay, lockoutWindow } = timingOf('real')
    const delays = Array.from({ length: 4 }, () => {
      const admission = admit(proof(ask(), { password: 'nope' }))
      return admission.is === 'challenged' ? admission.delay : -1
    })
    assert.deepEqual(delays, [0, 0, lockoutDelay, lockoutDelay])
    clock.advance(lockoutWindow)
    const later = admit(proof(ask(), { password: 'nope' }))
    assert.equal(later.is === 'challenged' && later.delay, 0)
  })

  test("the operating system's account comes on the local interface alone", () => {
    const password = firmware.device.volatile.localSystemPassword
    assert.equal(admit(proof(ask(), { user: '$$OsAdmin', password }), 'local').is, 'admitted')
    assert.equal(admit(proof(ask(), { user: '$$OsAdmin', password }), 'tunnel').is, 'challenged')
  })

  test('users come the way they may, while they are enabled', () => {
    firmware.device.store.change(({ settings }) => {
      const ha1 = digestHa1(md5, 'joe', settings.digestRealm, PASSWORD)
      settings.users.push({ handle: 1, name: 'joe', ha1, access: 1, realms: [3], enabled: true })
    })
    assert.equal(admit(proof(ask(), { user: 'joe' }), 'tunnel').is, 'admitted')
    assert.equal(admit(proof(ask(), { user: 'joe' }), 'local').is, 'challenged')
    firmware.device.store.change(({ settings }) => {
      settings.users[0]!.enabled = false
    })
    assert.equal(admit(proof(ask(), { user: 'joe' }), 'tunnel').is, 'challenged')
  })

  test('there is no administrator before setup, whatever is left of one', () => {
    firmware.device.store.change(({ settings }) => {
      settings.provisioningState = 0
    })
    assert.equal(admit(proof(ask())).is, 'challenged')
  })

  test('a new realm ends every nonce', () => {
    const challenge = ask()
    firmware.device.store.change(({ settings }) => {
      settings.digestRealm = 'Digest:FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF'
      settings.adminHa1 = digestHa1(md5, 'admin', settings.digestRealm, PASSWORD)
    })
    const moved = { ...challenge, realm: 'Digest:FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF' }
    assert.equal(challengeOf(admit(proof(moved))).stale, true)
  })

  test('a new administrator ends every nonce', () => {
    const challenge = ask()
    firmware.device.store.change(({ settings }) => {
      settings.adminHa1 = digestHa1(md5, 'admin', settings.digestRealm, 'N3w!Passw0rd')
    })
    assert.equal(challengeOf(admit(proof(challenge, { password: 'N3w!Passw0rd' }))).stale, true)
    assert.equal(admit(proof(ask(), { password: 'N3w!Passw0rd' })).is, 'admitted')
  })

  test('memory is bounded however many ask', () => {
    const first = ask()
    for (let i = 0; i < 100; i++) ask()
    assert.equal(challengeOf(admit(proof(first))).stale, true)
  })
})
