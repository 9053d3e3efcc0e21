import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publicAddresses } from './public-addresses.ts'

test('tokens are issued in the name of the first TLS listener and the public host', () => {
  const at = publicAddresses('amt.example.org', [
    { scheme: 'http', host: '127.0.0.1', port: 3000 },
    { scheme: 'https', host: '0.0.0.0', port: 443 },
  ])
  assert.equal(at.origin, 'https://amt.example.org')
  assert.deepEqual(at.urls, ['http://127.0.0.1:3000', 'https://0.0.0.0'])
  for (const host of ['amt.example.org', 'localhost', '127.0.0.1:3000', '[::1]:3000'])
    assert.ok(at.hosts.includes(host), host)
  assert.ok(!at.hosts.includes('0.0.0.0'), 'nobody asks for that')
})

test('an address may be the public host', () => {
  const at = publicAddresses('2001:db8::1', [{ scheme: 'https', host: '::', port: 8443 }])
  assert.equal(at.origin, 'https://[2001:db8::1]:8443')
  assert.equal(publicAddresses('x', [{ scheme: 'http', host: 'localhost', port: 3000 }]).origin, 'http://x:3000')
})
