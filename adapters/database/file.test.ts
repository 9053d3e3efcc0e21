import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { aDevice, aHost, anOperation, deadline, manualClock, project } from '@outrider/testing/ports'
import { Connection } from './connection.ts'
import { type Database, openDatabase } from './index.ts'
import { databaseOver } from './open.ts'
import { sqliteEngine } from './sqlite.ts'

const clock = manualClock()

describe('the SQLite file', () => {
  let root: string
  let count = 0
  const fresh = (): string => join(root, `${++count}`, 'outrider.db')
  const using = async (path: string, work: (database: Database) => Promise<void>): Promise<void> => {
    await within(await openDatabase({ path }, { clock }), work)
  }
  const within = async (database: Database, work: (database: Database) => Promise<void>): Promise<void> => {
    try {
      await work(database)
    } finally {
      await database.close()
    }
  }
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'database-'))
  })
  after(() => rm(root, { recursive: true }))

  it('is made with its folder, for its owner only', async () => {
    const path = fresh()
    await using(path, async (database) => {
      await database.devices.put(aDevice(1), deadline())
      const files = await readdir(join(path, '..'))
      assert.ok(files.length >= 2, 'the write-ahead log is there')
      for (const file of files) assert.equal((await stat(join(path, '..', file))).mode & 0o077, 0, file)
    })
  })

  it('is closed to others also where it was not', async () => {
    const path = fresh()
    await using(path, async () => undefined)
    await writeFile(path, await readFile(path), { mode: 0o644 })
    await using(path, async () => undefined)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  it('keeps everything over a restart', async () => {
    const path = fresh()
    await using(path, async ({ inventory, devices, leases }) => {
      await inventory.transaction((tables) => tables.hosts.insert(aHost(1)), deadline())
      await devices.put(aDevice(1, { tags: ['a'] }), deadline())
      assert.equal((await leases.acquire('key', 'one', 10, deadline()))?.epoch, 1)
    })
    await using(path, async ({ inventory, devices, leases }) => {
      const host = await inventory.transaction(
        (tables) => tables.hosts.get(project, { name: aHost(1).name }),
        deadline(),
      )
      assert.deepEqual(host, aHost(1))
      assert.deepEqual(await devices.byGuid(aDevice(1).guid, deadline()), aDevice(1, { tags: ['a'] }))
      assert.equal((await leases.acquire('key', 'one', 10, deadline()))?.epoch, 2)
    })
  })

  it('has every transaction that was acknowledged, and no half of one, after a kill', { timeout: 60_000 }, async () => {
    const path = fresh()
    let acknowledged = 0
    for (const killAfter of [1, 20, 150]) {
      const child = startWriter(path)
      let lines = 0
      for await (const line of createInterface({ input: child.stdout })) {
        if (!/^\d+;$/.test(line)) continue
        acknowledged = Number.parseInt(line, 10)
        lines += 1
        if (lines === killAfter) child.kill('SIGKILL')
      }
      assert.equal(await killed(child), 'SIGKILL')
      await using(path, async ({ devices }) => {
        const all = await devices.count([project], {}, deadline())
        assert.equal(await devices.count([project], { tags: { any: ['tagged'] } }, deadline()), all)
        assert.ok(all >= acknowledged, `${all} of ${acknowledged}`)
      })
    }
  })

  it('is brought up to date by one of two processes that open it at once', { timeout: 60_000 }, async () => {
    const path = fresh()
    const codes = await Promise.all(
      [startWriter(path), startWriter(path)].map(async (child) => {
        for await (const line of createInterface({ input: child.stdout })) if (line.endsWith(';')) child.kill('SIGKILL')
        return killed(child)
      }),
    )
    assert.deepEqual(codes, ['SIGKILL', 'SIGKILL'])
    await using(path, async ({ devices }) => assert.ok((await devices.count([project], {}, deadline())) > 0))
  })

  it('is refused, unchanged, where a newer version wrote it', async () => {
    const path = fresh()
    await using(path, async () => undefined)
    const raw = new DatabaseSync(path)
    raw.exec("insert into kysely_migration values ('9999-from-the-future', '2030-01-01T00:00:00.000Z')")
    raw.close()
    await assert.rejects(openDatabase({ path }, { clock }), {
      code: 'DATABASE_NEWER',
      detail: { migration: '9999-from-the-future' },
    })
  })

  it('is left as it was where a migration fails half-way', async () => {
    const path = fresh()
    await using(path, async () => undefined)
    await rm(path)
    const raw = new DatabaseSync(path)
    // The last table of the migration is in the way.
    raw.exec('create table lease (something text)')
    raw.close()
    await assert.rejects(openDatabase({ path }, { clock }), { code: 'DATABASE_NOT_MIGRATED' })
    const look = new DatabaseSync(path)
    const tables = look.prepare("select name from sqlite_master where type = 'table' and name not like 'kysely%'").all()
    assert.deepEqual(
      tables.map((table) => table.name),
      ['lease'],
    )
    look.exec('drop table lease')
    look.close()
    await using(path, async ({ health }) => assert.equal(await health(deadline()), 'ok'))
  })

  it('is refused where it is no database, and left as it is', async () => {
    const path = fresh()
    await using(path, async () => undefined)
    const junk = Buffer.from('this is a letter to my aunt, not a database. '.repeat(100))
    await writeFile(path, junk)
    await assert.rejects(openDatabase({ path }, { clock }), { code: 'DATABASE_UNREADABLE' })
    assert.deepEqual(await readFile(path), junk)
  })

  it('cannot be in a place where there is no folder', async () => {
    const path = fresh()
    await using(path, async () => undefined)
    await assert.rejects(openDatabase({ path: join(path, 'x', 'y.db') }, { clock }), { code: 'DATABASE_UNAVAILABLE' })
  })

  it('is away while another process keeps it, and back by itself', async () => {
    const path = fresh()
    await using(path, async ({ devices }) => {
      const other = new DatabaseSync(path)
      other.exec('begin immediate')
      await assert.rejects(devices.put(aDevice(1), deadline()), { code: 'DATABASE_UNAVAILABLE' })
      other.exec('rollback')
      other.close()
      assert.equal(await devices.put(aDevice(1), deadline()), 'inserted')
    })
  })

  it('lets the rest of the process have its turn while somebody asks and asks', async () => {
    await using(fresh(), async ({ devices }) => {
      let turns = 0
      const turn = (): void => {
        turns += 1
        immediate = setImmediate(turn)
      }
      let immediate = setImmediate(turn)
      for (let n = 0; n < 320; n++) await devices.byGuid(aDevice(n).guid, deadline())
      clearImmediate(immediate)
      assert.ok(turns >= 10, `${turns} turns`)
    })
  })

  it('lets what runs finish when it is closed, and refuses what comes', async () => {
    const database = await openDatabase({ path: fresh() }, { clock })
    const running = database.inventory.transaction(async (tables) => {
      await tables.hosts.insert(aHost(1))
      return tables.hosts.count(project)
    }, deadline())
    await database.close()
    await database.close()
    assert.equal(await running, 1)
    await assert.rejects(database.devices.byGuid(aDevice(1).guid, deadline()), { code: 'DATABASE_CLOSED' })
    assert.equal(await database.health(deadline()), 'away')
  })

  it('answers no list or look-up by reading a whole table, or by sorting one', async () => {
    const path = fresh()
    await using(path, async () => undefined)
    const db = new DatabaseSync(path)
    const plans = await statementsOf(path)
    assert.ok(plans.size > 20, `${plans.size} statements`)
    for (const text of plans) {
      const parameters = Array.from(text.matchAll(/\?/g), () => '[]')
      const plan = db.prepare(`explain query plan ${text}`).all(...parameters)
      for (const { detail } of plan) {
        const harmless = `${detail}`.includes('json_each') || text.includes('from "project"')
        assert.ok(harmless || !/\bSCAN\b|TEMP B-TREE/.test(`${detail}`), `${detail}: ${text}`)
      }
    }
    db.close()
  })
})

const startWriter = (path: string): ChildProcessByStdio<null, Readable, null> =>
  spawn(process.execPath, [fileURLToPath(new URL('./test/crash-writer.ts', import.meta.url)), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })

/** The signal that ended `child`, once it has. */
const killed = async (child: ChildProcessByStdio<null, Readable, null>): Promise<NodeJS.Signals | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.signalCode
}

/** The text of the statements the stores send for their lists, look-ups and changes. */
const statementsOf = async (path: string): Promise<Set<string>> => {
  const texts = new Set<string>()
  const connection = new Connection(sqliteEngine(path), (text) => texts.add(text))
  await connection.migrate()
  const database = databaseOver(connection, clock)
  const s = deadline()
  await database.inventory.transaction(async ({ hosts, operations, audit, enrolments }) => {
    await hosts.insert(aHost(1, { amtGuid: aHost(9).uuid! }))
    for (const key of [
      { id: 'x' },
      { name: 'x' },
      { serial: 'x' },
      { uuid: aHost(1).uuid! },
      { amtGuid: aHost(1).uuid! },
    ])
      await hosts.get(project, key)
    for (const orderBy of ['createdAt', 'name', 'serial'] as const)
      for (const descending of [true, false]) {
        await hosts.insert(aHost(2))
        const { next } = await hosts.list(project, { orderBy, descending, limit: 1 })
        await hosts.list(project, { orderBy, descending, limit: 1, after: next!, where: { state: 'registered' } })
      }
    await hosts.count(project, { state: 'onboarded' })
    await hosts.list(project, { limit: 1, where: { policy: 'keep-on' } })
    await hosts.update(project, aHost(1).id, 1, { serial: 'other' }, 1)
    for (const n of [1, 2, 3]) await operations.insert(anOperation(n, { idempotencyKey: `${n}` }))
    await operations.insert(anOperation(4, { idempotencyKey: '1' }))
    await operations.update(project, anOperation(1).id, 1, { attempt: 1 })
    for (const query of [
      {},
      { hostId: anOperation(1).hostId },
      { lives: ['queued'] as const },
      { kinds: ['power-on'] as const },
    ]) {
      const { next } = await operations.list(project, { ...query, limit: 1 })
      await operations.list(project, { ...query, limit: 1, after: next! })
    }
    await audit.list(project, { limit: 1 })
    await audit.list(project, { limit: 1, hostId: 'x' })
    await enrolments.use('x', 1)
    await enrolments.deleteOf(project, 'x')
  }, s)
  const { devices, provisioning, issuer, leases } = database
  await devices.put(aDevice(1), s)
  await devices.put(aDevice(1), s)
  await devices.list([project], { limit: 1 }, s)
  await devices.list([project], { limit: 1, hostname: 'x' }, s)
  await devices.list([project], { limit: 1, friendlyName: 'x' }, s)
  await devices.count([project], { connected: true }, s)
  await devices.tags([project], s)
  await devices.page(project, undefined, 1, s)
  await provisioning.profiles.list(project, 0, 1, s)
  await provisioning.profiles.count(project, s)
  await provisioning.tickets.take('x', 1, s)
  await provisioning.tickets.get(project, 'x', s)
  await provisioning.tickets.purge(1, s)
  await issuer.accounts.byName('x', s)
  await issuer.accounts.ofHost(project, 'x', s)
  await issuer.records.find('m', 'x', s)
  await issuer.records.findBy('m', 'uid', 'x', s)
  await issuer.records.findBy('m', 'userCode', 'x', s)
  await issuer.records.revokeByGrant('x', s)
  await issuer.records.purge(1, s)
  const lease = await leases.acquire('x', 'x', 1, s)
  await leases.renew(lease!, 1, s)
  await database.close()
  return new Set(
    [...texts].filter((text) => /^(select|update|delete)\b/.test(text) && !/kysely|sqlite_master/.test(text)),
  )
}
