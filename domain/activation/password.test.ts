import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { secret } from '@outrider/protocols/values'
import fc from 'fast-check'
import { adminHa1, isDigestRealm, randomPassword } from './password.ts'

test('a random password has what the firmware asks for, whatever the randomness', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      let state = seed >>> 0
      const random = {
        bytes: (length: number) =>
          Uint8Array.from({ length }, () => {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0
            return state >>> 24
          }),
      }
      const password = randomPassword(random).reveal()
      assert.match(password, /^[A-Za-z0-9!@#$%*]{16}$/)
      for (const kind of [/[A-Z]/, /[a-z]/, /[0-9]/, /[!@#$%*]/]) assert.match(password, kind)
    }),
  )
})

test('HA1 of the golden realm', () => {
  const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest()
  const realm = 'Digest:A4070000000000000000000000000000'
  assert.equal(
    adminHa1(realm, secret('P@ssw0rd'), md5).reveal(),
    createHash('md5').update(`admin:${realm}:P@ssw0rd`).digest('hex'),
  )
})

test('a realm is Digest: and 32 hexadecimal digits', () => {
  assert.ok(isDigestRealm('Digest:F3EB554784E729164447A89F60B641C5'))
  for (const wrong of [
    undefined,
    '',
    'Digest:',
    'F3EB554784E729164447A89F60B641C5',
    'Digest:G3EB554784E729164447A89F60B641C5',
  ])
    assert.equal(isDigestRealm(wrong), false)
})
