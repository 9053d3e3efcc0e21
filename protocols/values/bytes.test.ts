import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromBase64, fromHex, toBase64, toHex } from './bytes.ts'

test('base64 is that of everybody else, both ways', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      assert.equal(toBase64(bytes), text)
      assert.deepEqual(fromBase64(text), bytes)
      assert.deepEqual(fromBase64(text.replace(/=+$/, '')), bytes, 'without its padding')
      assert.deepEqual(fromBase64(` ${text.replace(/(.{5})/g, '$1\r\n')}`), bytes, 'broken into lines')
    }),
  )
})

test('what is not base64 is nothing', () => {
  for (const text of ['A', 'AAAAA', 'AA=A', '====', 'AA-_', 'AAÄA', 'AA\u{1F600}', 'A===', '\u0000AAA'])
    assert.equal(fromBase64(text), undefined, JSON.stringify(text))
  assert.deepEqual(fromBase64(''), new Uint8Array())
})

test('hexadecimal goes both ways', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'))
      assert.deepEqual(fromHex(toHex(bytes).toUpperCase()), bytes)
    }),
  )
})
