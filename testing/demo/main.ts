// `npm run demo`: the main job, unattended, on a fresh data folder: register, detect, activate, power, survive a
// kill -9, deactivate. Every part is a process of its own; only orch-cli drives it. Exit 0 only if all held.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cli, Orchestrator, SimulatedNode } from '../deployment/index.ts'
import { until } from '../harness/until.ts'
import { findSecrets } from './find-secrets.ts'
import { Steps } from './steps.ts'

interface HostView {
  readonly resourceId: string
  readonly outrider: {
    readonly support: string
    readonly reason: string
    readonly amtVersion?: string
    readonly controlMode?: string
    readonly amtUuid?: string
    readonly presence: { readonly connected: boolean }
  }
}

interface ControlView {
  readonly counters: Readonly<Record<string, number>>
}

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
const acts = async (): Promise<string> => JSON.stringify((await node.control<ControlView>('/')).counters)
const connected = (): Promise<unknown> => until(async () => (await view()).outrider.presence.connected)
const said = (text: string, ...words: readonly string[]): void => {
  for (const word of words) if (!text.includes(word)) throw new Error(`expected "${word}" in:\n${text}`)
}

try {
  await steps.run('orchestrator ready', async () => `${Math.round(await orchestrator.start())} ms after its start`)
  await steps.run('orch-cli login', () => cli.login())
  await steps.run('orch-cli create host', () => cli.must('create', 'host', host, '--serial', serial, '--uuid', uuid))
  await steps.run('power before activation is refused', async () => {
    const { code, stderr } = await cli.run('set', 'host', host, '--power', 'on', '--wait')
    if (code === 0) throw new Error('it was not refused')
    said(stderr, 'AMT_NOT_ACTIVATED')
    return `exit code ${code}`
  })
  await steps.run('orch-cli generate agent-env', () =>
    cli.must('generate', 'agent-env', '--host', host, '--out', envFile),
  )
  await steps.run('machine starts and is detected', async () => {
    node.start()
    const found = await until(async () => {
      const seen = await view()
      return seen.outrider.support === 'amt' ? seen : undefined
    }, 30_000)
    return `${found.outrider.support} ${found.outrider.amtVersion ?? ''} (${found.outrider.reason})`
  })
  await steps.run('activate in client control mode', () =>
    cli.must('set', 'host', host, '--amt-state', 'provisioned', '--wait'),
  )
  await steps.run('shown as activated and connected', async () => {
    await connected()
    const { outrider } = await view()
    if (outrider.controlMode !== 'client') throw new Error(`its control mode is ${outrider.controlMode}`)
    return `AMT UUID ${outrider.amtUuid}`
  })
  for (const power of ['off', 'on', 'reset', 'reset', 'power-cycle'])
    await steps.run(`power ${power}`, async () => {
      const before = await acts()
      const printed = await cli.must('set', 'host', host, '--power', power, '--wait')
      if (before === (await acts())) throw new Error('the firmware counted no act')
      return printed
    })
  await steps.run('kill -9 of the orchestrator', async () => {
    const pids = JSON.stringify(node.pids)
    await orchestrator.stop('SIGKILL')
    const ready = await orchestrator.start()
    await connected()
    if (JSON.stringify(node.pids) !== pids) throw new Error('the machine did not stay as it was')
    return `ready again after ${Math.round(ready)} ms, the device dialled again`
  })
  await steps.run('power reset after it', () => cli.must('set', 'host', host, '--power', 'reset', '--wait'))
  await steps.run('orch-cli list operations', async () => {
    const operations = await cli.json<readonly object[]>('list', 'operations', '--host', host)
    return `${operations.length} operations`
  })
  await steps.run('no secret of the firmware is anywhere else', async () => {
    const secrets = await node.control<readonly { name: string; value: string }[]>('/secrets')
    const hits = findSecrets(secrets, {
      folders: [orchestrator.folder],
      texts: { 'orchestrator log': orchestrator.program.output, 'machine log': node.program.output },
      pids: [orchestrator.program.pid, ...Object.values(node.pids)],
    })
    if (hits.length > 0) throw new Error(`found: ${hits.join(', ')}`)
    return `${secrets.length} secrets, 0 hits`
  })
  await steps.run('deactivate', () => cli.must('set', 'host', host, '--amt-state', 'unprovisioned', '--wait'))
  steps.processes({ orchestrator: orchestrator.program.pid, ...node.pids })
} catch {
  // The failed step has been noted; what follows says it.
} finally {
  if (!steps.held) steps.note(`orchestrator said:\n${orchestrator.program.output.slice(-6000)}`)
  await node.stop()
  await orchestrator.stop()
  if (steps.held) rmSync(folder, { recursive: true, force: true })
  else steps.note(`kept for a look: ${folder}`)
}
steps.print()
process.exit(steps.held ? 0 : 1)
