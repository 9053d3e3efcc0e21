import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Fault, Secret } from '@outrider/protocols/values'
import { deadline } from '@outrider/testing/ports'
import { openSecretsFile, type SecretsFile } from './index.ts'

const at = (name: string) => ({ kind: 'system', name }) as const
const values = (password: string) => ({ PASSWORD: new Secret(password) })
const passwordOf = async (store: SecretsFile, name: string): Promise<string | undefined> =>
  (await store.get(at(name), deadline())).promoted?.values.PASSWORD?.reveal()

const code = (expected: string) => (error: unknown) => error instanceof Fault && error.code === expected
const opens = async (config: { path: string; keyPath: string }): Promise<void> =>
  (await openSecretsFile(config)).close()

describe('secrets-file after a crash', () => {
  let root: string
  let count = 0
  const fresh = (): { path: string; keyPath: string } => {
    count += 1
    return { path: join(root, `${count}`, 'secrets'), keyPath: join(root, `${count}`, 'secrets.key') }
  }
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'secrets-file-'))
  })
  after(() => rm(root, { recursive: true, force: true }))

  it('has the old state or the new one, wherever the last write was cut', async () => {
    const config = fresh()
    const store = await openSecretsFile(config)
    await store.put(at('a'), values('first'), undefined, deadline())
    const { size } = await stat(config.path)
    // Longer than what is written after the cut, which must leave nothing of it behind.
    const second = 'second '.repeat(9)
    await store.put(at('a'), values(second), undefined, deadline())
    await store.close()
    const whole = await readFile(config.path)
    for (let length = size; length <= whole.length; length++) {
      await writeFile(config.path, whole)
      await truncate(config.path, length)
      const again = await openSecretsFile(config)
      assert.equal(await passwordOf(again, 'a'), length === whole.length ? second : 'first', `cut at ${length}`)
      // What comes next must be readable, too.
      await again.put(at('b'), values('third'), undefined, deadline())
      await again.close()
      const last = await openSecretsFile(config)
      assert.equal(await passwordOf(last, 'b'), 'third')
      await last.close()
    }
  })

  it('passes over a last write whose blocks never reached the disk', async () => {
    const config = fresh()
    const store = await openSecretsFile(config)
    await store.put(at('a'), values('first'), undefined, deadline())
    const { size } = await stat(config.path)
    await store.put(at('a'), values('second'), undefined, deadline())
    await store.close()
    const whole = await readFile(config.path)
    for (let from = size; from <= whole.length - 16; from++) {
      const torn = Buffer.from(whole)
      torn.fill(0, from)
      await writeFile(config.path, torn)
      const again = await openSecretsFile(config)
      assert.equal(await passwordOf(again, 'a'), 'first', `zeros from ${from}`)
      await again.close()
    }
  })

  it('refuses a file with any byte changed, and leaves it as it is', async () => {
    const config = fresh()
    const store = await openSecretsFile(config)
    await store.put(at('a'), values('first'), undefined, deadline())
    await store.put(at('a'), values('second'), undefined, deadline())
    await store.close()
    const whole = await readFile(config.path)
    for (let byte = 0; byte < whole.length; byte++) {
      const changed = Buffer.from(whole)
      changed[byte]! ^= 0x10
      await writeFile(config.path, changed)
      // A greater length in the last head reads as a cut frame only if the head's own check agrees, which it does not.
      await assert.rejects(opens(config), code('SECRETS_UNREADABLE'), `byte ${byte}`)
      assert.deepEqual(await readFile(config.path), changed)
    }
  })

  it('refuses a file with a write taken out, repeated or swapped', async () => {
    const config = fresh()
    const store = await openSecretsFile(config)
    const ends: number[] = [(await stat(config.path)).size]
    for (const password of ['one', 'two', 'three']) {
      await store.put(at('a'), values(password), undefined, deadline())
      ends.push((await stat(config.path)).size)
    }
    await store.close()
    const whole = await readFile(config.path)
    const start = whole.subarray(0, ends[0])
    const [one, two, three] = [1, 2, 3].map((n) => whole.subarray(ends[n - 1], ends[n])) as [Buffer, Buffer, Buffer]
    const orders = [
      [one, three],
      [two, three],
      [one, one, two],
      [one, three, two],
      [two, one, three],
    ]
    for (const [n, order] of orders.entries()) {
      await writeFile(config.path, Buffer.concat([start, ...order]))
      await assert.rejects(opens(config), code('SECRETS_UNREADABLE'), `order ${n}`)
    }
    await writeFile(config.path, Buffer.concat([whole.subarray(0, 24), one, two, three]))
    await assert.rejects(opens(config), code('SECRETS_UNREADABLE'))
  })

  it('refuses where the key is missing, wrong or malformed, or the file is gone, and makes nothing', async () => {
    const config = fresh()
    const store = await openSecretsFile(config)
    await store.put(at('a'), values('first'), undefined, deadline())
    await store.close()
    const file = await readFile(config.path)
    const key = await readFile(config.keyPath)

    await rm(config.keyPath)
    await assert.rejects(opens(config), code('SECRETS_UNREADABLE'))
    await writeFile(config.keyPath, `${'0'.repeat(64)}\n`)
    await assert.rejects(opens(config), code('SECRETS_UNREADABLE'))
    await writeFile(config.keyPath, 'no key\n')
    await assert.rejects(opens(config), code('SECRETS_UNREADABLE'))
    await writeFile(config.keyPath, key)
    assert.deepEqual(await readFile(config.path), file)

    await rm(config.path)
    await assert.rejects(opens(config), code('SECRETS_UNREADABLE'))
    assert.ok(!(await readdir(join(config.path, '..'))).includes('secrets'))

    await writeFile(config.path, file)
    const again = await openSecretsFile(config)
    assert.equal(await passwordOf(again, 'a'), 'first')
    await again.close()
  })

  it('goes on where its first start was cut off before the key took its name', async () => {
    const config = fresh()
    const store = await openSecretsFile(config)
    await store.put(at('a'), values('first'), undefined, deadline())
    await store.close()
    await writeFile(`${config.keyPath}.new`, await readFile(config.keyPath))
    await rm(config.keyPath)
    const again = await openSecretsFile(config)
    assert.equal(await passwordOf(again, 'a'), 'first')
    await again.close()
    assert.ok((await readdir(join(config.path, '..'))).includes('secrets.key'))

    const earlier = fresh()
    await opens(earlier)
    await writeFile(`${earlier.keyPath}.new`, await readFile(earlier.keyPath))
    await rm(earlier.keyPath)
    await rm(earlier.path)
    await opens(earlier)
  })

  it('keeps what it said was written when it is killed at any moment', { timeout: 60_000 }, async () => {
    const config = fresh()
    const said = new Map<string, { promoted?: string; promotedVersion: number; pending?: string; version: number }>()
    // Together more than the file may hold of the past, so that later rounds die near its rewriting, too.
    for (const [round, killAfter] of [1, 6, 333, 420, 270, 90, 444].entries()) {
      const script = fileURLToPath(new URL('./test/crash-writer.ts', import.meta.url))
      const child = spawn(process.execPath, [script, config.path, config.keyPath, `${round}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let lines = 0
      for await (const line of createInterface({ input: child.stdout })) {
        // A line that the kill cut is no line.
        if (!line.endsWith('}')) continue
        const { name, promoted, pending, version } = JSON.parse(line)
        const before = said.get(name) ?? { promotedVersion: 0, version: 0 }
        if (pending !== undefined) said.set(name, { ...before, pending, version })
        else said.set(name, { ...before, promoted, promotedVersion: version })
        lines += 1
        if (lines === 1) await assert.rejects(opens(config), code('SECRETS_IN_USE'))
        if (lines === killAfter) child.kill('SIGKILL')
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      assert.equal(child.signalCode, 'SIGKILL')

      const store = await openSecretsFile(config)
      for (const [name, last] of said) {
        const { promoted, pending } = await store.get(at(name), deadline())
        const newest = Math.max(promoted?.version ?? 0, pending?.version ?? 0)
        assert.ok(newest >= last.version, `${name}: ${newest} is older than ${last.version}`)
        assert.ok((promoted?.version ?? 0) >= last.promotedVersion)
        if (promoted?.version === last.promotedVersion) assert.equal(promoted.values.PASSWORD?.reveal(), last.promoted)
        if (pending?.version === last.version) assert.equal(pending.values.PASSWORD?.reveal(), last.pending)
      }
      await store.close()
      await noneIn(config.path, 'plain-')
    }
    assert.ok(said.size > 0)
  })

  it('shows no secret, no path and no key in any file', async () => {
    const config = fresh()
    const store = await openSecretsFile(config)
    for (let n = 0; n < 30; n++)
      await Promise.all(
        Array.from({ length: 100 }, (_, one) =>
          store.put(at(`visible-name-${one}`), values(`visible-password-${n}`), undefined, deadline()),
        ),
      )
    await store.close()
    await noneIn(config.path, 'visible-')
    const key = (await readFile(config.keyPath, 'utf8')).trim()
    assert.ok(!(await readFile(config.path)).includes(Buffer.from(key, 'hex')))
    for (const name of await readdir(join(config.path, '..')))
      assert.equal((await stat(join(config.path, '..', name))).mode & 0o077, 0, name)
  })

  it('stays as large as what is in it, however often it is written', async () => {
    const config = fresh()
    const store = await openSecretsFile(config)
    for (let n = 0; n < 20; n++)
      await Promise.all(
        Array.from({ length: 500 }, (_, one) => store.put(at(`p${one % 10}`), values(`v${n}`), undefined, deadline())),
      )
    const { size } = await stat(config.path)
    await store.close()
    assert.ok(size < 500_000, `${size} bytes`)
    const again = await openSecretsFile(config)
    assert.equal(await passwordOf(again, 'p3'), 'v19')
    await again.close()
  })

  it('passes over a rewriting that was cut off', async () => {
    const config = fresh()
    const store = await openSecretsFile(config)
    await store.put(at('a'), values('first'), undefined, deadline())
    await store.close()
    await writeFile(`${config.path}.new`, (await readFile(config.path)).subarray(0, 50))
    const again = await openSecretsFile(config)
    assert.equal(await passwordOf(again, 'a'), 'first')
    await again.close()
  })

  it('says so while it cannot be written, and goes on by itself when it can', async () => {
    const config = fresh()
    const store = await openSecretsFile(config)
    const write = (n: number) => store.put(at('a'), values(`v${n}`), undefined, deadline())
    // A folder where the rewritten file would be made: the rewriting that is due after many writes fails.
    await mkdir(join(`${config.path}.new`, 'in the way'), { recursive: true })
    let written = 0
    let fault: unknown
    while (fault === undefined && written < 3000) {
      try {
        await write(written + 1)
        written += 1
      } catch (error) {
        fault = error
      }
    }
    assert.ok(code('SECRETS_UNAVAILABLE')(fault))
    assert.equal(await store.health(deadline()), 'away')
    assert.equal(await passwordOf(store, 'a'), `v${written}`)
    await rm(`${config.path}.new`, { recursive: true })
    assert.equal(await store.health(deadline()), 'ok')
    await write(written + 1)
    await store.close()
    const again = await openSecretsFile(config)
    assert.equal(await passwordOf(again, 'a'), `v${written + 1}`)
    await again.close()
  })

  it('is open in one process at a time', async () => {
    const config = fresh()
    const store = await openSecretsFile(config)
    await assert.rejects(opens(config), code('SECRETS_IN_USE'))
    await store.close()
    await opens(config)
  })

  it('refuses what is asked of it once it is closed', async () => {
    const store = await openSecretsFile(fresh())
    const write = store.put(at('a'), values('first'), undefined, deadline())
    await store.close()
    assert.notEqual(await write, 'stale')
    await assert.rejects(store.get(at('a'), deadline()), code('SECRETS_CLOSED'))
    await assert.rejects(store.put(at('a'), values('x'), undefined, deadline()), code('SECRETS_CLOSED'))
    assert.equal(await store.health(deadline()), 'away')
  })
})

const noneIn = async (path: string, text: string): Promise<void> => {
  const folder = join(path, '..')
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name))
    assert.ok(!bytes.includes(text), `${name} shows ${text}`)
  }
}
