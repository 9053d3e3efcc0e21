import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Api, Orchestrator, root, runToEnd } from '../deployment/index.ts'

// The load generators share no code with this project: what they take for right is a second reading of the formats.
const folder = process.env.OUTRIDER_BENCH ?? resolve(root, '../shared/bench')
const isThere = ['cira-load.mjs', 'rps-load.mjs'].every((name) => existsSync(join(folder, name)))
const skip = isThere ? false : `there are no load generators in ${folder}; OUTRIDER_BENCH may name their folder`

/** A line of a generator: one phase. */
interface Phase {
  readonly phase: string
  readonly ops?: number
  /** Activations. */
  readonly ok?: number
  readonly failed?: number
  readonly errors?: Readonly<Record<string, number>>
}

describe('load generators', { skip }, () => {
  let home: string
  let orchestrator: Orchestrator
  let api: Api
  let token: string

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'outrider-load-'))
    orchestrator = await Orchestrator.prepare(join(home, 'data'), { OUTRIDER_RPS_OPEN: '1' })
    await orchestrator.start()
    api = new Api(orchestrator)
    token = await api.token()
  })
  after(async () => {
    api?.close()
    await orchestrator?.stop()
    await rm(home, { recursive: true })
  })

  const run = async (name: string, ...words: string[]): Promise<Phase[]> => {
    // The generators know no CA; that certificates are right is tested elsewhere.
    const environment = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' }
    const { code, stdout, stderr } = await runToEnd([join(folder, name), ...words], environment, { timeout: 60_000 })
    assert.equal(code, 0, `${name} ${words[0]}:\n${stdout}\n${stderr}`)
    return stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Phase)
  }

  /** Every phase of `names` did something, and nothing of any phase failed. */
  const noneFailed = (phases: readonly Phase[], ...names: readonly string[]): void => {
    const said = JSON.stringify(phases, undefined, 1)
    for (const { phase, errors = {}, failed = 0 } of phases) {
      assert.notEqual(phase, 'drops', said)
      assert.deepEqual(errors, {}, said)
      assert.equal(failed, 0, said)
    }
    for (const name of names) {
      const { ops, ok } = phases.find(({ phase }) => phase.split('=', 1)[0] === name) ?? {}
      assert.ok((ops ?? ok ?? 0) > 0, `${name}: ${said}`)
    }
  }

  test('fifty devices of somebody else are registered, connect, and answer their power state', async () => {
    const at = ['--port', String(orchestrator.ciraPort), '--rest', orchestrator.url, '--token', token]
    const phases = await run(
      'cira-load.mjs',
      ...at,
      ...['--devices', '50', '--seed-secrets', 'seed', 'storm=50', 'rest=powerstate:4:3'],
    )
    noneFailed(phases, 'seed', 'storm', 'rest')
    assert.equal(phases[0]?.ops, 50)
    assert.equal(phases[1]?.ops, 50)
  })

  test('a provisioning client of somebody else activates in client control mode', async () => {
    await run('rps-load.mjs', '--setup', '--admin', orchestrator.url, '--token', token)
    const url = `${orchestrator.url.replace('https', 'wss')}/activate`
    const phases = await run('rps-load.mjs', '--url', url, '--profile', 'bench-ccm', '--levels', '1')
    noneFailed(phases, 'activate')
  })
})
