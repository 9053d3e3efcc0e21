// `npm run demo`: the main job, unattended, on a fresh data folder: register, detect, activate, power, survive a
// kill -9, deactivate. Every part is a process of its own; only orch-cli drives it. Exit 0 only if all held.
// Whoever else kills the orchestrator meanwhile: it is started again, as an init system would, and the rest goes on.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cli, type Finished, type HostView, Orchestrator, SimulatedNode } from '../deployment/index.ts'
import { until } from '../harness/until.ts'
import { findSecrets } from './find-secrets.ts'
import { Steps } from './steps.ts'

const json = process.argv.includes('--json')
const steps = new Steps(json)
const folder = mkdtempSync(join(tmpdir(), 'outrider-demo-'))
const orchestrator = await Orchestrator.prepare(join(folder, 'data'))
const cli = new Cli(orchestrator, folder)
const serial = `DEMO${process.pid}`
const uuid = '4c4c4544-0042-4a10-8056-b4c04f4d4f31'
const envFile = join(folder, 'node.env')
const node = new SimulatedNode({ serial, uuid, envFile, folder: join(folder, 'machine') })
const host = 'demo-1'

const view = (): Promise<HostView> => cli.json<HostView>('get', 'host', host)
const acts = async (): Promise<string> => JSON.stringify((await node.firmware()).counters)
const viewed = (holds: (seen: HostView) => boolean): Promise<HostView> =>
  until(
    async () => {
      const seen = await view()
      return holds(seen) ? seen : undefined
    },
    60_000,
    100,
  )
const said = (text: string, ...words: readonly string[]): void => {
  for (const word of words) if (!text.includes(word)) throw new Error(`expected "${word}" in:\n${text}`)
}
const printed = ({ code, stdout, stderr }: Finished): string => {
  if (code !== 0) throw new Error(`orch-cli ended with ${code}:\n${stdout}${stderr}`)
  return stdout
}

/** Asks for an act. One whose outcome a kill of the orchestrator left unknown is asked for again: by us, not by it. */
const ask = async (...words: readonly string[]): Promise<string> => {
  const starts = orchestrator.starts
  const first = await cli.runWhileAway('set', 'host', host, ...words, '--wait')
  if (first.code === 0 || orchestrator.starts === starts) return printed(first)
  if (!/OUTCOME_UNKNOWN|POWER_STATE_NOT_REACHED/.test(first.stderr)) return printed(first)
  return printed(await cli.runWhileAway('set', 'host', host, ...words, '--wait'))
}

try {
  await steps.run('orchestrator ready', async () => `${Math.round(await orchestrator.start())} ms after its start`)
  await steps.run('orch-cli login', () => cli.login())
  await steps.run('orch-cli create host', async () => {
    const starts = orchestrator.starts
    const made = await cli.runWhileAway('create', 'host', host, '--serial', serial, '--uuid', uuid)
    // Made, and killed before it could say so.
    return orchestrator.starts > starts && made.stderr.includes('HOST_EXISTS') ? 'it was made before' : printed(made)
  })
  await steps.run('power before activation is refused', async () => {
    const { code, stderr } = await cli.runWhileAway('set', 'host', host, '--power', 'on', '--wait')
    if (code === 0) throw new Error('it was not refused')
    said(stderr, 'AMT_NOT_ACTIVATED', 'remedy:')
    return `exit code ${code}`
  })
  await steps.run('orch-cli generate agent-env', () =>
    cli.must('generate', 'agent-env', '--host', host, '--out', envFile),
  )
  await steps.run('machine starts and is detected', async () => {
    node.start()
    const { outrider } = await viewed((seen) => seen.outrider.support === 'amt')
    return `${outrider.support} ${outrider.amtVersion ?? ''} (${outrider.reason})`
  })
  await steps.run('activate in client control mode', () => ask('--amt-state', 'provisioned'))
  await steps.run('shown as activated and connected', async () => {
    const { outrider } = await viewed((seen) => seen.outrider.presence.connected)
    if (outrider.controlMode !== 'client') throw new Error(`its control mode is ${outrider.controlMode}`)
    return `AMT UUID ${outrider.amtUuid}`
  })
  let asked = 0
  for (const power of ['off', 'on', 'reset', 'reset', 'power-cycle'])
    await steps.run(`power ${power}`, async () => {
      const before = await acts()
      asked = orchestrator.log.length
      const shown = await ask('--power', power)
      if (before === (await acts())) throw new Error('the firmware counted no act')
      return shown
    })
  await steps.run('kill -9 of the orchestrator', async () => {
    // The machine has just booted; its agents have, too, once they are back.
    await orchestrator.log.find({ event: 'agent.connected' }, asked, 60_000)
    const pids = JSON.stringify(node.pids)
    const span = await orchestrator.kill()
    await viewed((seen) => seen.outrider.presence.connected)
    if (JSON.stringify(node.pids) !== pids) throw new Error('the machine did not stay as it was')
    return `ready again after ${Math.round(span)} ms, the device dialled again`
  })
  await steps.run('power reset after it', () => ask('--power', 'reset'))
  await steps.run('orch-cli list operations', async () => {
    const operations = await cli.json<readonly object[]>('list', 'operations', '--host', host)
    return `${operations.length} operations`
  })
  await steps.run('no secret of the firmware is anywhere else', async () => {
    const secrets = await node.secrets()
    const hits = findSecrets(secrets, {
      folders: [orchestrator.folder, join(folder, 'machine', 'agents')],
      texts: { 'orchestrator log': orchestrator.output, 'machine log': node.output },
      pids: [orchestrator.program.pid, ...Object.values(node.pids).filter((pid) => pid !== null)],
    })
    if (hits.length > 0) throw new Error(`found: ${hits.join(', ')}`)
    return `${secrets.length} secrets, 0 hits`
  })
  await steps.run('deactivate', () => ask('--amt-state', 'unprovisioned'))
  steps.processes({ orchestrator: [orchestrator.program.pid], ...processesOfNode() })
} catch {
  // The failed step has been noted; what follows says it.
} finally {
  if (!steps.held) {
    steps.note(`orchestrator said:\n${orchestrator.output.slice(-6000)}`)
    steps.note(`machine said:\n${node.output.slice(-3000)}`)
  }
  await node.stop()
  await orchestrator.stop()
  if (steps.held) rmSync(folder, { recursive: true, force: true })
  else steps.note(`kept for a look: ${folder}`)
}
steps.print()
process.exit(steps.held ? 0 : 1)

/** RPC is a process for each order and each detection; the others stay. */
function processesOfNode(): Record<string, readonly number[]> {
  const running = Object.entries(node.pids).flatMap(([name, pid]) => (pid === null ? [] : [[name, [pid]] as const]))
  return { ...Object.fromEntries(running), rpc: node.allRpcPids }
}
