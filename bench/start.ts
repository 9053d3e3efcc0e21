import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Orchestrator, root, runToEnd } from '../testing/deployment/index.ts'
import { usageOf } from './process-usage.ts'
import { type Benchmark, median, type Report } from './report.ts'

const STARTS = 5
const HELPS = 9
const MiB = 1 << 20
/** After which nothing of the start is going on any more. */
const SETTLED = 3000

const orchestrator = async (report: Report): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-bench-'))
  const program = await Orchestrator.prepare(join(folder, 'data'))
  try {
    report.measure('first start: certificates issued, ready', await program.start(), 'ms')
    await program.stop()
    const ready: number[] = []
    const cpu: number[] = []
    const resident: number[] = []
    for (let n = 0; n < STARTS; n++) {
      ready.push(await program.start())
      cpu.push(usageOf(program.program.pid).cpuSeconds * 1000)
      await pause(SETTLED)
      resident.push(usageOf(program.program.pid).residentBytes / MiB)
      await program.stop()
    }
    report.measure('further start: ready', median(ready), 'ms', { atMost: 3000 })
    report.measure('further start: CPU until ready', median(cpu), 'ms CPU')
    report.measure('further start: RSS idle', median(resident), 'MiB', { atMost: 150 })
  } finally {
    await program.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const cli = async (report: Report): Promise<void> => {
  const environment = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile') }
  const times: number[] = []
  for (let n = 0; n < HELPS; n++) {
    const { code, stderr, milliseconds } = await runToEnd(['apps/orch-cli/main.ts', '--help'], environment)
    if (code !== 0) throw new Error(`orch-cli --help ended with ${code}: ${stderr}`)
    times.push(milliseconds)
  }
  report.measure('orch-cli --help', median(times), 'ms', { atMost: 150 })
}

export const start: Benchmark = {
  name: 'start',
  about: 'the orchestrator from its start to ready, and idle; the start of the CLI',
  async run(report) {
    await orchestrator(report)
    await cli(report)
  },
}
