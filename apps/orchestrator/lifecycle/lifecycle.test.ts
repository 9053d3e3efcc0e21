import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemRandom } from '../system/index.ts'
import { askAll, causeOf, generatedPassword } from './index.ts'

test('a part that throws or is silent is away under its name; of two opinions the worse counts', async () => {
  const ok = { name: 'database', state: 'ok' }
  const states = await askAll(
    {
      one: async () => [ok, { name: 'bus', state: 'ok' }],
      two: async () => [{ name: 'database', state: 'away' }],
      three: async () => [ok],
      broken: () => Promise.reject(new Error('no')),
      silent: () => new Promise(() => undefined),
    },
    20,
  )
  assert.deepEqual(
    new Map(states.map(({ name, state }) => [name, state])),
    new Map([
      ['database', 'away'],
      ['bus', 'ok'],
      ['broken', 'away'],
      ['silent', 'away'],
    ]),
  )
})

test('a made-up password is readable by its owner only and stays the same until it is used', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-password-'))
  const file = join(folder, 'admin-password')
  const first = await generatedPassword(file, systemRandom)
  assert.ok(first.reveal().length >= 20)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.equal(await readFile(file, 'utf8'), `${first.reveal()}\n`)
  assert.equal((await generatedPassword(file, systemRandom)).reveal(), first.reveal())
  await rm(folder, { recursive: true })
})

test('a cause is told with what caused it, also where causes go in a circle', () => {
  const inner = new Error('inner')
  const outer = new Error('outer', { cause: inner })
  assert.match(causeOf(outer), /outer[\s\S]*caused by[\s\S]*inner/)
  inner.cause = outer
  assert.ok(causeOf(outer).length < 20_000)
  assert.equal(causeOf('text'), 'text')
})
