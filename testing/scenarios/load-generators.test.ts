import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Api, Orchestrator, root, runToEnd } from '../deployment/index.ts'

/** Load generators that share no code with this project. */
const bench = process.env.OUTRIDER_BENCH ?? resolve(root, '../shared/bench')
const missing = existsSync(join(bench, 'cira-load.mjs')) ? false : `no load generators in ${bench} (OUTRIDER_BENCH)`

interface Phase {
  readonly phase: string
  readonly errors?: Readonly<Record<string, number>>
  readonly ops?: number
  readonly connected?: number
  readonly dropped?: number
  readonly ok?: number
  readonly failed?: number
  readonly why?: unknown
}

describe('load generators of others', { skip: missing }, () => {
  let folder: string
  let orchestrator: Orchestrator
  let api: Api
  let rest: string
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-load-'))
    orchestrator = await Orchestrator.prepare(join(folder, 'data'), { OUTRIDER_RPS_OPEN: '1' })
    await orchestrator.start()
    api = new Api(orchestrator)
    rest = `https://127.0.0.1:${orchestrator.port}`
  })
  after(async () => {
    api.close()
    await orchestrator.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const run = async (program: string, ...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runToEnd([join(bench, program), ...words, '--token', await api.token()], {})
    assert.equal(code, 0, stdout + stderr)
    return stdout
  }
  const phases = (stdout: string): readonly Phase[] =>
    stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Phase)

  it('fifty devices dial in by CIRA, and their power is read over REST', async () => {
    const stdout = await run(
      ...(['cira-load.mjs', '--port', String(orchestrator.ciraPort), '--rest', rest] as const),
      ...['--devices', '50', '--seed-secrets', 'seed', 'storm=50', 'rest=powerstate:4:2'],
    )
    const [seed, storm, powerstate, ...more] = phases(stdout)
    for (const phase of [seed, storm, powerstate]) {
      assert.deepEqual(phase?.errors, {}, stdout)
      assert.equal(phase?.dropped, 0, stdout)
    }
    assert.deepEqual([seed?.ops, storm?.ops, storm?.connected], [50, 50, 50], stdout)
    assert.ok((powerstate?.ops ?? 0) > 0, stdout)
    assert.deepEqual(more, [])
  })

  it('a provisioning client activates in client control mode with a profile it names', async () => {
    const setup = await run('rps-load.mjs', '--setup', '--admin', rest)
    for (const line of setup.trim().split('\n')) assert.match(line, /^\S+ 201 /, setup)
    const url = `wss://127.0.0.1:${orchestrator.port}/activate`
    const stdout = await run('rps-load.mjs', '--url', url, '--profile', 'bench-ccm', '--levels', '1')
    const [level] = phases(stdout)
    assert.deepEqual([level?.phase, level?.ok, level?.failed, level?.why], ['activate', 3, 0, {}], stdout)
  })
})
