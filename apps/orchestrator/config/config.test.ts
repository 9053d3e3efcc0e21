import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fault } from '@outrider/protocols/values'
import { fromEnvironment, listenAddresses, type OrchestratorConfig, orchestratorConfig } from './index.ts'

const read = (environment: Record<string, string>) =>
  fromEnvironment<OrchestratorConfig>(orchestratorConfig, 'OUTRIDER_', environment)
const fault = (code: string, says: RegExp) => (error: unknown) => {
  const { code: thrown, message, remedy } = error as Fault
  assert.equal(thrown, code)
  assert.match(`${message} ${remedy}`, says)
  return true
}

test('an environment that says nothing gives the defaults', () => {
  const defaults = {
    data: './.outrider',
    listen: ['127.0.0.1:8443'],
    ciraListen: ['127.0.0.1:4433'],
    ciraKey: 'rsa-2048',
    publicHost: 'localhost',
    rpsOpen: false,
    logLevel: 'info',
    activationSeconds: 1800,
    graceSeconds: 20,
  }
  assert.deepEqual(read({}), defaults)
  assert.deepEqual(read({ HOME: '/root', OUTRIDER_DATA: '' }), defaults)
})

test('each setting is read by its declared type', () => {
  const settings = read({
    OUTRIDER_LISTEN: '0.0.0.0:443, http://127.0.0.1:3000',
    OUTRIDER_RPS_OPEN: '1',
    OUTRIDER_GRACE_SECONDS: '5',
    OUTRIDER_ADMIN_PASSWORD: '12345678',
    OUTRIDER_LOG_LEVEL: 'debug',
    OUTRIDER_PUBLIC_HOST: 'amt.example.org',
  })
  assert.deepEqual(settings.listen, ['0.0.0.0:443', 'http://127.0.0.1:3000'])
  assert.equal(settings.rpsOpen, true)
  assert.equal(settings.graceSeconds, 5)
  assert.equal(settings.adminPassword, '12345678')
})

test('a key nobody declared is an error with a suggestion', () => {
  assert.throws(() => read({ OUTRIDER_LISTENS: 'x' }), fault('SETTING_UNKNOWN', /Did you mean OUTRIDER_LISTEN\?/))
  assert.throws(
    () => read({ OUTRIDER_DATABASE_ADDRESS: 'x' }),
    fault('SETTING_UNKNOWN', /The settings are OUTRIDER_DATA/),
  )
})

test('a value that is not right is named by its key and not repeated', () => {
  const secret = 'short'
  assert.throws(
    () => read({ OUTRIDER_ADMIN_PASSWORD: secret }),
    (error: Fault) => {
      assert.equal(error.code, 'SETTING_INVALID')
      return !JSON.stringify(error.record()).includes(secret)
    },
  )
  assert.throws(() => read({ OUTRIDER_GRACE_SECONDS: 'soon' }), fault('SETTING_INVALID', /whole number/))
  assert.throws(() => read({ OUTRIDER_GRACE_SECONDS: '0' }), fault('SETTING_INVALID', /at least 1/))
  assert.throws(() => read({ OUTRIDER_RPS_OPEN: 'yes' }), fault('SETTING_INVALID', /1 or 0/))
  assert.throws(() => read({ OUTRIDER_LOG_LEVEL: 'loud' }), fault('SETTING_INVALID', /one of debug/))
  assert.throws(() => read({ OUTRIDER_PUBLIC_HOST: 'a b' }), fault('SETTING_INVALID', /form/))
  assert.throws(() => read({ OUTRIDER_LISTEN: ' , ' }), fault('SETTING_INVALID', /nothing/))
})

test('addresses: TLS unless plain is asked for, and plain on loopback only', () => {
  assert.deepEqual(
    listenAddresses('K', ['127.0.0.1:8443', 'https://[::]:443', 'http://[::1]:3000', 'http://localhost:0']),
    [
      { scheme: 'https', host: '127.0.0.1', port: 8443 },
      { scheme: 'https', host: '::', port: 443 },
      { scheme: 'http', host: '::1', port: 3000 },
      { scheme: 'http', host: 'localhost', port: 0 },
    ],
  )
  assert.throws(() => listenAddresses('K', ['http://0.0.0.0:3000']), fault('SETTING_INVALID', /not loopback/))
  assert.throws(() => listenAddresses('K', ['http://127.evil.example:3000']), fault('SETTING_INVALID', /not loopback/))
  for (const text of ['8443', ':8443', 'host', 'host:99999', 'ftp://h:1', '[::1', 'a:b:1'])
    assert.throws(() => listenAddresses('K', [text]), fault('SETTING_INVALID', /no host:port/), text)
})
