import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createLocalBus } from '@outrider/bus-local'
import type { Database } from '@outrider/database'
import { type ProvisioningStore, profileSecretKeys, type SecretStore } from '@outrider/domain/ports'
import { Fault, guid } from '@outrider/protocols/values'
import {
  callRoute,
  memorySecrets,
  realClock,
  realRandom,
  recordEvents,
  temporaryDatabase,
} from '@outrider/testing/harness'
import { Value } from 'typebox/value'
import { createRps, type RpsDeps, rpsConfig } from './index.ts'
import { readKept, Turns } from './kept-secret.ts'

const project = guid('11111111-1111-4111-8111-111111111111')
const signal = new AbortController().signal

/** A power cut at the n-th thing that is asked of database or secret store: before it is done, or after. */
class PowerCut {
  #left: number
  readonly #when: 'before' | 'after'
  happened = false

  constructor(nth: number, when: 'before' | 'after') {
    this.#left = nth
    this.#when = when
  }

  over<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, key) => {
        const value = Reflect.get(object, key) as unknown
        if (typeof value === 'object' && value !== null) return this.over(value)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]): Promise<unknown> => {
          if (this.happened) throw gone()
          this.#left--
          if (this.#left !== 0) return value.apply(object, args)
          this.happened = true
          if (this.#when === 'after') await value.apply(object, args)
          throw gone()
        }
      },
    })
  }
}

const gone = (): Fault => new Fault({ kind: 'unavailable', code: 'POWER_CUT', message: '', remedy: '' })

describe('a row and its secret', () => {
  let database: Database
  const secrets = memorySecrets()
  before(async () => {
    database = await temporaryDatabase(realClock)
  })
  after(() => database.close())

  const service = (store: ProvisioningStore, kept: SecretStore) => {
    const deps: RpsDeps = {
      config: Value.Default(rpsConfig, { ciraAddress: 'localhost' }) as RpsDeps['config'],
      store,
      secrets: kept,
      registry: { register: async () => {}, forget: async () => {}, credentialsChanged: async () => {} },
      bus: createLocalBus({ onError: (error) => assert.ifError(error) }),
      clock: realClock,
      random: realRandom,
      events: recordEvents(),
      openProject: async () => project,
      hostOf: async () => undefined,
      mpsRoot: () => new Uint8Array(),
      version: '0',
    }
    return createRps(deps)
  }
  const whole = () => service(database.provisioning, secrets)
  const cutShort = (cut: PowerCut) => service(cut.over(database.provisioning), cut.over(secrets))

  const path = '/api/v1/admin/profiles'
  /** Tag and password of a profile say the same letter. */
  const body = (letter: string, version: number) => ({
    profileName: 'p',
    activation: 'ccmactivate',
    generateRandomPassword: false,
    amtPassword: `${letter}-Passw0rd!`,
    dhcpEnabled: true,
    tags: [letter],
    version: String(version),
  })
  const read = async (): Promise<{ readonly version: number; readonly tag: string | undefined } | undefined> => {
    const row = await database.provisioning.profiles.get(project, 'p', signal)
    if (row === undefined) return undefined
    const values = await readKept(secrets, { kind: 'profile', project, name: 'p' }, row.secretVersion, signal)
    assert.equal(values?.[profileSecretKeys.amt]?.reveal(), `${row.tags[0]}-Passw0rd!`, 'the row has its own secret')
    return { version: row.version, tag: row.tags[0] }
  }
  const cleared = async (): Promise<void> => {
    await database.provisioning.profiles.delete(project, 'p', signal)
    await secrets.delete({ kind: 'profile', project, name: 'p' }, signal)
  }

  const acts = {
    'is created': { from: undefined, to: 'B', method: 'POST' },
    'is changed': { from: 'A', to: 'B', method: 'PATCH' },
    'is deleted': { from: 'A', to: undefined, method: 'DELETE' },
  } as const
  for (const [what, { from, to, method }] of Object.entries(acts))
    test(`never disagree, wherever the power is cut while it ${what}`, async () => {
      for (const when of ['before', 'after'] as const)
        for (let nth = 1; ; nth++) {
          await cleared()
          if (from !== undefined) await callRoute(whole().routes, 'POST', path, { body: body(from, 1) })
          const cut = new PowerCut(nth, when)
          const at = method === 'DELETE' ? `${path}/p` : path
          const options = to === undefined ? {} : { body: body(to, 1) }
          await callRoute(cutShort(cut).routes, method, at, options).catch((error: unknown) => {
            assert.ok(error instanceof Fault && error.code === 'POWER_CUT')
          })
          if (!cut.happened) break
          const seen = await read()
          assert.ok(seen === undefined || seen.tag === from || seen.tag === to)
          // Whatever was left behind stands in nobody's way.
          if (seen === undefined) await callRoute(whole().routes, 'POST', path, { body: body('C', 1) })
          else {
            const reply = await callRoute(whole().routes, 'PATCH', path, { body: body('C', seen.version) })
            assert.equal(reply.status, 200)
          }
          assert.equal((await read())?.tag, 'C')
        }
    })

  test('that is lost is missing, never another', async () => {
    await cleared()
    await callRoute(whole().routes, 'POST', path, { body: body('A', 1) })
    await secrets.put(
      { kind: 'profile', project, name: 'p' },
      {
        AMT_PASSWORD: (await secrets.get({ kind: 'profile', project, name: 'p' }, signal)).promoted!.values
          .AMT_PASSWORD!,
      },
      undefined,
      signal,
    )
    const row = await database.provisioning.profiles.get(project, 'p', signal)
    const values = await readKept(secrets, { kind: 'profile', project, name: 'p' }, row?.secretVersion, signal)
    assert.equal(values, undefined)
  })
})

test('turns of one key come one after the other, also after one that failed; of others at once', async () => {
  const turns = new Turns()
  const log: string[] = []
  const slow = Promise.withResolvers<void>()
  const first = turns.take('a', async () => {
    await slow.promise
    log.push('first')
    throw new Error('it failed')
  })
  const second = turns.take('a', async () => void log.push('second'))
  await turns.take('b', async () => void log.push('other'))
  slow.resolve()
  await assert.rejects(first)
  await second
  assert.deepEqual(log, ['other', 'first', 'second'])
})
