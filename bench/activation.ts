import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { SimulatedNode } from '../testing/deployment/index.ts'
import { until } from '../testing/harness/until.ts'
import { withOrchestrator } from './deployment.ts'
import { usageOf } from './process-usage.ts'
import { type Benchmark, median } from './report.ts'

const ROUNDS = 5

export const activation: Benchmark = {
  name: 'activation',
  about: 'one machine as a full set of processes: from `set host` to connected in client control mode, and back',
  async run(report) {
    await withOrchestrator(async ({ folder, orchestrator, api }) => {
      const uuid = randomUUID()
      const envFile = join(folder, 'node.env')
      const host = await api.enrol('bench', 'BENCH00001', uuid, envFile)
      const node = new SimulatedNode({ serial: 'BENCH00001', uuid, envFile, folder: join(folder, 'node') })
      node.start()
      try {
        await until(async () => (await api.host(host)).outrider.support === 'amt', 60_000, 50)
        const connected: number[] = []
        const deactivated: number[] = []
        const cpu: number[] = []
        for (let n = 0; n < ROUNDS; n++) {
          const before = usageOf(orchestrator.program.pid).cpuSeconds
          const began = performance.now()
          const up = await api.ended(await api.request(host, { desiredAmtState: 'AMT_STATE_PROVISIONED' }))
          if (up.life !== 'succeeded') throw new Error(`activation: ${JSON.stringify(up.fault)}`)
          await until(async () => (await api.host(host)).outrider.presence.connected, 20_000)
          connected.push(performance.now() - began)
          cpu.push((usageOf(orchestrator.program.pid).cpuSeconds - before) * 1000)
          const again = performance.now()
          const down = await api.ended(await api.request(host, { desiredAmtState: 'AMT_STATE_UNPROVISIONED' }))
          if (down.life !== 'succeeded') throw new Error(`deactivation: ${JSON.stringify(down.fault)}`)
          deactivated.push(performance.now() - again)
        }
        report.measure('set host to connected, first', connected[0] ?? Number.NaN, 'ms', { atMost: 3000 })
        report.measure('set host to connected, median', median(connected), 'ms', { atMost: 3000 })
        report.measure('set host to connected: CPU of the orchestrator', median(cpu), 'ms CPU')
        report.measure('deactivation, median', median(deactivated), 'ms')
      } finally {
        await node.stop()
      }
    })
  },
}
