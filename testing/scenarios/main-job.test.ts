import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { faultStatus } from '@outrider/protocols/values'
import { Cli, type HostView, type OperationView, Orchestrator, runToEnd, SimulatedNode } from '../deployment/index.ts'
import { until } from '../harness/until.ts'

interface DemoReport {
  readonly held: boolean
  readonly seconds: number
  readonly processes: Readonly<Record<string, readonly number[]>>
  readonly steps: readonly { readonly step: string; readonly outcome: string; readonly detail: string }[]
  readonly notes: readonly string[]
}

/** The orchestrator that runs under this process, as anybody on the machine could find it. */
const orchestratorUnder = (pid: number): number | undefined => {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
    return children
      .map(Number)
      .find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('apps/orchestrator/main.ts'))
  } catch {
    return undefined
  }
}

// The second waits for the time a device has to dial again; the first runs meanwhile.
describe('the main job', { concurrency: 2 }, () => {
  it('is done by the demo from registration to deactivation, also when somebody kills the orchestrator', async (context) => {
    const waited = 3000 + Math.random() * 8000
    let killed: number | undefined
    const finished = await runToEnd(
      ['testing/demo/main.ts', '--json'],
      {},
      {
        onStart: async (pid) => {
          await pause(waited)
          killed = await until(() => orchestratorUnder(pid), 10_000, 20)
          process.kill(killed, 'SIGKILL')
        },
      },
    )
    const report = JSON.parse(finished.stdout) as DemoReport
    const failed = report.steps.filter(({ outcome }) => outcome !== 'ok')
    assert.deepEqual(failed, [], `killed after ${waited} ms\n${report.notes.join('\n')}`)
    assert.equal(finished.code, 0, finished.stderr)
    assert.ok(killed !== undefined && !report.processes.orchestrator?.includes(killed))
    for (const name of ['orchestrator', 'firmware', 'node-agent', 'platform-manageability-agent', 'rpc'])
      assert.ok((report.processes[name]?.length ?? 0) > 0, `no pid of ${name}`)
    const pids = Object.values(report.processes).flat()
    assert.equal(new Set(pids).size, pids.length)
    context.diagnostic(`demo: ${report.seconds.toFixed(1)} s, orchestrator killed after ${Math.round(waited)} ms`)
  })

  describe('an act that is refused', { concurrency: 1 }, () => {
    let folder: string
    let orchestrator: Orchestrator
    let cli: Cli
    let node: SimulatedNode
    let other: SimulatedNode
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'outrider-refused-'))
      orchestrator = await Orchestrator.prepare(join(folder, 'data'))
      await orchestrator.start()
      cli = new Cli(orchestrator, folder)
      await cli.login()
      const machine = async (name: string, serial: string, uuid: string, words: readonly string[]) => {
        const home = join(folder, name)
        mkdirSync(home)
        const envFile = join(home, 'node.env')
        await cli.must('create', 'host', name, '--serial', serial, '--uuid', uuid)
        await cli.must('generate', 'agent-env', '--host', name, '--out', envFile)
        return new SimulatedNode({ serial, uuid, envFile, folder: join(home, 'machine'), words })
      }
      node = await machine('able', 'REFUSE1', '4c4c4544-0042-4a10-8058-000000000001', [])
      other = await machine('unable', 'REFUSE2', '4c4c4544-0042-4a10-8058-000000000002', ['--sku', 'none'])
    })
    after(async () => {
      await Promise.all([node.stop(), other.stop()])
      await orchestrator.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    /** Runs orch-cli, which must refuse with this code, cause and remedy, and leave the firmware's counters alone. */
    const refused = async (
      expected: { readonly code: string; readonly kind: keyof typeof faultStatus; readonly of?: SimulatedNode },
      words: readonly string[],
      as: Cli = cli,
    ): Promise<void> => {
      const machine = expected.of ?? node
      const before = await machine.firmware()
      const { code, stderr, stdout } = await as.run(...words)
      const said = `orch-cli ${words.join(' ')}: ${code}\n${stdout}${stderr}`
      assert.match(stderr, new RegExp(`^error: ${expected.code}: .{10,}$`, 'm'), said)
      assert.match(stderr, /^remedy: .{10,}$/m, said)
      assert.equal(code, faultStatus[expected.kind].exit, said)
      const afterwards = await machine.firmware()
      assert.deepEqual(afterwards.counters, before.counters, said)
      assert.equal(afterwards.controlMode, before.controlMode)
      const documented = readFileSync(join(import.meta.dirname, '../../docs/exit-codes.md'), 'utf8')
      assert.match(documented, new RegExp(`^\\| ${code} \\| \`${expected.kind}\``, 'm'))
    }
    const view = (name: string): Promise<HostView> => cli.json('get', 'host', name)
    const ofHost = async (name: string) => ({ host: (await view(name)).resourceId })

    it('names what is missing before activation, and whom nobody knows', async () => {
      node.start()
      other.start()
      await orchestrator.log.find({ event: 'agent.reported', ...(await ofHost('able')), support: 'amt' }, 0, 60_000)
      await refused({ code: 'AMT_NOT_ACTIVATED', kind: 'conflict' }, ['set', 'host', 'able', '--power', 'on', '--wait'])
      await refused({ code: 'HOST_NOT_FOUND', kind: 'missing' }, ['set', 'host', 'nobody', '--power', 'on', '--wait'])
    })

    it('names a machine that cannot be managed, with the reason', async () => {
      const host = await ofHost('unable')
      await orchestrator.log.find({ event: 'agent.reported', ...host, support: 'unsupported' }, 0, 60_000)
      const { outrider } = await view('unable')
      assert.equal(outrider.support, 'unsupported')
      assert.match(outrider.reason, /^[A-Z_]+$/)
      const words = ['set', 'host', 'unable', '--amt-state', 'provisioned', '--wait']
      await refused({ code: 'AMT_UNSUPPORTED', kind: 'conflict', of: other }, words)
    })

    it("is refused to an agent, for its own host and for another's", async () => {
      const token = readFileSync(join(other.folder, 'agents/tokens/node-agent/access_token'), 'utf8').trim()
      const agent = cli.withToken(token)
      for (const name of ['able', 'unable']) {
        const words = ['set', 'host', name, '--amt-state', 'provisioned', '--wait']
        await refused({ code: 'PERMISSION_DENIED', kind: 'denied' }, words, agent)
      }
    })

    it('names a transition that is not possible, and a device that is away', async () => {
      await cli.must('set', 'host', 'able', '--amt-state', 'provisioned', '--wait')
      const again = ['set', 'host', 'able', '--amt-state', 'provisioned', '--wait']
      await refused({ code: 'AMT_ALREADY_ACTIVATED', kind: 'conflict' }, again)
      await cli.must('set', 'host', 'able', '--power', 'off', '--wait')
      const reset = ['set', 'host', 'able', '--power', 'reset', '--wait']
      await refused({ code: 'POWER_TRANSITION_ILLEGAL', kind: 'conflict' }, reset)
      await cli.must('set', 'host', 'able', '--power', 'on', '--wait')

      const since = orchestrator.log.length
      await node.control('/actions/network', 'POST', { linkUp: false })
      await orchestrator.log.find({ event: 'cira.disconnected' }, since)
      await refused({ code: 'DEVICE_NOT_CONNECTED', kind: 'unavailable' }, reset)
      await node.control('/actions/network', 'POST', { linkUp: true })
      await orchestrator.log.find({ event: 'cira.connected' }, since)
      await cli.must(...reset)
    })

    it('stays on record with its reason, and can be looked up', async () => {
      const operations = await cli.json<readonly OperationView[]>('list', 'operations', '--host', 'able')
      const refusals = operations.filter(({ life }) => life === 'refused')
      assert.ok(refusals.length >= 4, JSON.stringify(operations))
      for (const { fault } of refusals) assert.ok(fault !== undefined && fault.remedy !== '')
      const [{ id, fault } = assert.fail()] = refusals
      const shown = await cli.must('get', 'operation', id)
      assert.ok(shown.includes(fault?.code ?? '-') && shown.includes(fault?.remedy ?? '-'), shown)
    })
  })
})
