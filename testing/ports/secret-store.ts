import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import type { SecretPath, SecretStore, SecretValues, SecretVersion, StoredSecret } from '@outrider/domain/ports'
import { Secret } from '@outrider/protocols/values'
import { aGuid, deadline, otherProject, project } from './fixtures.ts'

export interface OpenSecretStore {
  readonly store: SecretStore
  close(): Promise<void>
  /** Opens what this one wrote, after this one was closed. */
  reopen(): Promise<OpenSecretStore>
}

/** The behaviour of every `SecretStore`. */
export const secretStoreSuite = (name: string, open: () => Promise<OpenSecretStore>): void => {
  describe(`${name} as SecretStore`, () => {
    const using = async (work: (store: SecretStore, opened: OpenSecretStore) => Promise<void>): Promise<void> => {
      const opened = await open()
      try {
        await work(opened.store, opened)
      } finally {
        await opened.close()
      }
    }

    it('has nothing where nothing was written', () =>
      using(async (store) => {
        assert.deepEqual(await store.get(device, deadline()), {})
      }))

    it('writes ahead: what is pending is not promoted', () =>
      using(async (store) => {
        const pending = await store.writePending(device, values('one'), deadline())
        assert.deepEqual(shown(await store.get(device, deadline())), { pending: ['one', pending.version] })
        assert.equal(pending.values.AMT_PASSWORD?.reveal(), 'one')
      }))

    it('promotes the pending version', () =>
      using(async (store) => {
        const { version } = await store.writePending(device, values('one'), deadline())
        assert.equal(await store.promote(device, version, deadline()), 'promoted')
        assert.deepEqual(shown(await store.get(device, deadline())), { promoted: ['one', version] })
      }))

    it('keeps what is promoted while another version is pending', () =>
      using(async (store) => {
        const first = await promoted(store, 'one')
        const second = await store.writePending(device, values('two'), deadline())
        assert.ok(second.version > first.version)
        assert.deepEqual(shown(await store.get(device, deadline())), {
          promoted: ['one', first.version],
          pending: ['two', second.version],
        })
      }))

    it('replaces what is pending, and does not promote a version that was replaced', () =>
      using(async (store) => {
        const first = await store.writePending(device, values('one'), deadline())
        const second = await store.writePending(device, values('two'), deadline())
        assert.equal(await store.promote(device, first.version, deadline()), 'stale')
        assert.deepEqual(shown(await store.get(device, deadline())), { pending: ['two', second.version] })
        assert.equal(await store.promote(device, second.version, deadline()), 'promoted')
        assert.deepEqual(shown(await store.get(device, deadline())), { promoted: ['two', second.version] })
      }))

    it('answers a promotion that is asked for again as it did', () =>
      using(async (store) => {
        const { version } = await promoted(store, 'one')
        assert.equal(await store.promote(device, version, deadline()), 'promoted')
        assert.equal(await store.promote(device, version + 1, deadline()), 'stale')
      }))

    it('promotes the whole version: what it lacks is gone', () =>
      using(async (store) => {
        await store.put(device, { ...values('one'), MPS_PASSWORD: new Secret('mps') }, undefined, deadline())
        await promoted(store, 'two')
        const { promoted: now } = await store.get(device, deadline())
        assert.deepEqual(Object.keys(now?.values ?? {}), ['AMT_PASSWORD'])
      }))

    it('puts: written and promoted at once, with nothing left pending', () =>
      using(async (store) => {
        await store.writePending(device, values('one'), deadline())
        const put = await store.put(device, values('two'), undefined, deadline())
        assert.ok(put !== 'stale')
        assert.deepEqual(shown(await store.get(device, deadline())), { promoted: ['two', put.version] })
      }))

    it('puts only what is not there where version 0 is expected', () =>
      using(async (store) => {
        const put = await store.put(device, values('one'), 0, deadline())
        assert.ok(put !== 'stale')
        assert.equal(await store.put(device, values('two'), 0, deadline()), 'stale')
        assert.deepEqual(shown(await store.get(device, deadline())), { promoted: ['one', put.version] })
      }))

    it('puts only over the expected version', () =>
      using(async (store) => {
        const first = await put(store, device, 'one')
        const second = await store.put(device, values('two'), first.version, deadline())
        assert.ok(second !== 'stale')
        assert.equal(await store.put(device, values('three'), first.version, deadline()), 'stale')
        assert.deepEqual(shown(await store.get(device, deadline())), { promoted: ['two', second.version] })
      }))

    it('lets one of many win who expect the same version', () =>
      using(async (store) => {
        const { version } = await put(store, device, 'start')
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, n) => store.put(device, values(`writer-${n}`), version, deadline())),
        )
        const winner = outcomes.filter((outcome) => outcome !== 'stale')
        assert.equal(winner.length, 1)
        const { promoted: now } = await store.get(device, deadline())
        assert.deepEqual(now?.version, winner[0]?.version)
        assert.equal(now?.values.AMT_PASSWORD?.reveal(), `writer-${outcomes.indexOf(winner[0]!)}`)
      }))

    it('lets one of many win who promote', () =>
      using(async (store) => {
        const versions = await Promise.all(
          Array.from({ length: 10 }, (_, n) => store.writePending(device, values(`writer-${n}`), deadline())),
        )
        const newest = versions.reduce((a, b) => (a.version > b.version ? a : b))
        assert.equal(new Set(versions.map(({ version }) => version)).size, 10)
        const outcomes = await Promise.all(versions.map(({ version }) => store.promote(device, version, deadline())))
        assert.equal(outcomes.filter((outcome) => outcome === 'promoted').length, 1)
        assert.equal((await store.get(device, deadline())).promoted?.version, newest.version)
      }))

    it('forgets what is deleted, and never gives its versions again', () =>
      using(async (store) => {
        const first = await put(store, device, 'one')
        await store.writePending(device, values('two'), deadline())
        await store.delete(device, deadline())
        await store.delete(device, deadline())
        assert.deepEqual(await store.get(device, deadline()), {})
        const again = await store.put(device, values('three'), 0, deadline())
        assert.ok(again !== 'stale' && again.version > first.version)
      }))

    it('keeps each path apart from every other', () =>
      using(async (store) => {
        const paths: SecretPath[] = [
          device,
          { kind: 'device', project, guid: aGuid(2) },
          { kind: 'device', project: otherProject, guid: aGuid(1) },
          { kind: 'cira-config', project, name: 'default' },
          { kind: 'profile', project, name: 'default' },
          { kind: 'profile', project, name: 'a/b c' },
          { kind: 'profile', project: otherProject, name: 'default' },
          { kind: 'domain', project, name: 'default' },
          { kind: 'system', name: 'default' },
          { kind: 'system', name: 'mps-ca' },
        ]
        for (const [n, path] of paths.entries()) await put(store, path, `secret-${n}`)
        for (const [n, path] of paths.entries()) {
          const { promoted: now } = await store.get(path, deadline())
          assert.equal(now?.values.AMT_PASSWORD?.reveal(), `secret-${n}`)
        }
      }))

    it('forgets a project, and nothing of another or of the deployment', () =>
      using(async (store) => {
        const gone: SecretPath[] = [
          device,
          { kind: 'cira-config', project, name: 'x' },
          { kind: 'profile', project, name: 'x' },
          { kind: 'domain', project, name: 'x' },
        ]
        const kept: SecretPath[] = [
          { kind: 'device', project: otherProject, guid: aGuid(1) },
          { kind: 'system', name: project },
        ]
        for (const path of [...gone, ...kept]) await put(store, path, 'here')
        await store.writePending({ kind: 'profile', project, name: 'pending' }, values('here'), deadline())
        await store.deleteProject(project, deadline())
        for (const path of gone) assert.deepEqual(await store.get(path, deadline()), {})
        assert.deepEqual(await store.get({ kind: 'profile', project, name: 'pending' }, deadline()), {})
        for (const path of kept) assert.equal(shown(await store.get(path, deadline())).promoted?.[0], 'here')
      }))

    it('keeps any text as it is', () =>
      using(async (store) => {
        const odd = 'quote " \\ \n\u0000 ü 漢字 \u2028 😀'
        await store.put(device, { 'a key': new Secret(odd), empty: new Secret('') }, undefined, deadline())
        const { promoted: now } = await store.get(device, deadline())
        assert.equal(now?.values['a key']?.reveal(), odd)
        assert.equal(now?.values.empty?.reveal(), '')
      }))

    it('hands out values that print as secrets', () =>
      using(async (store) => {
        await store.put(device, values('hidden'), undefined, deadline())
        assert.ok(!inspect(await store.get(device, deadline()), { depth: 9 }).includes('hidden'))
      }))

    it('has everything after a restart, and goes on counting', async () => {
      const first = await open()
      const one = await promoted(first.store, 'one')
      const two = await first.store.writePending(device, values('two'), deadline())
      await put(first.store, { kind: 'system', name: 'gone' }, 'gone')
      await first.store.delete({ kind: 'system', name: 'gone' }, deadline())
      await first.close()
      const second = await first.reopen()
      try {
        assert.deepEqual(shown(await second.store.get(device, deadline())), {
          promoted: ['one', one.version],
          pending: ['two', two.version],
        })
        assert.deepEqual(await second.store.get({ kind: 'system', name: 'gone' }, deadline()), {})
        assert.equal(await second.store.promote(device, two.version, deadline()), 'promoted')
        assert.ok((await put(second.store, { kind: 'system', name: 'new' }, 'x')).version > two.version)
      } finally {
        await second.close()
      }
    })

    it('takes a storm of writes', () =>
      using(async (store) => {
        const paths = Array.from({ length: 2000 }, (_, n) => ({ kind: 'device', project, guid: aGuid(n) }) as const)
        await Promise.all(paths.map((path, n) => store.put(path, values(`p${n}`), undefined, deadline())))
        for (const n of [0, 999, 1999])
          assert.equal(shown(await store.get(paths[n]!, deadline())).promoted?.[0], `p${n}`)
      }))

    it('does nothing for who has given up, and throws their reason', () =>
      using(async (store) => {
        const reason = new Error('given up')
        const aborted = AbortSignal.abort(reason)
        const same = (error: unknown): boolean => error === reason
        await assert.rejects(store.get(device, aborted), same)
        await assert.rejects(store.put(device, values('one'), undefined, aborted), same)
        await assert.rejects(store.writePending(device, values('one'), aborted), same)
        assert.deepEqual(await store.get(device, deadline()), {})
      }))

    it('says that it is there', () =>
      using(async (store) => {
        assert.equal(await store.health(deadline()), 'ok')
      }))
  })
}

const device: SecretPath = { kind: 'device', project, guid: aGuid(1) }

const values = (password: string): SecretValues => ({ AMT_PASSWORD: new Secret(password) })

const put = async (store: SecretStore, path: SecretPath, password: string): Promise<SecretVersion> => {
  const version = await store.put(path, values(password), undefined, deadline())
  assert.ok(version !== 'stale')
  return version
}

const promoted = async (store: SecretStore, password: string): Promise<SecretVersion> => {
  const pending = await store.writePending(device, values(password), deadline())
  assert.equal(await store.promote(device, pending.version, deadline()), 'promoted')
  return pending
}

/** The password and version of each half. */
const shown = (stored: StoredSecret): { promoted?: [string?, number?]; pending?: [string?, number?] } =>
  Object.fromEntries(
    Object.entries(stored).map(([half, { values, version }]) => [half, [values.AMT_PASSWORD?.reveal(), version]]),
  )
