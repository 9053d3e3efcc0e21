import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { makeIdentity } from '../firmware/index.ts'
import { Program } from '../testing/deployment/index.ts'
import { until } from '../testing/harness/until.ts'
import { withOrchestrator } from './deployment.ts'
import { usageOf } from './process-usage.ts'
import { type Benchmark, median } from './report.ts'

const MACHINES = 50
const PREFIX = 'BENCH'
const serialOf = (number: number): string => `${PREFIX}${String(number).padStart(5, '0')}`

export const fleet: Benchmark = {
  name: 'fleet',
  about: `${MACHINES} machines of one process are activated in parallel`,
  async run(report) {
    await withOrchestrator(async ({ folder, orchestrator, api }) => {
      const environments = join(folder, 'env')
      await mkdir(environments)
      const hosts: string[] = []
      // The environment file of a machine is read when its operating system starts.
      for (let number = 1; number <= MACHINES; number++) {
        const serial = serialOf(number)
        const { smbiosUuid } = makeIdentity({ serial })
        hosts.push(await api.enrol(serial.toLowerCase(), serial, smbiosUuid, join(environments, `${serial}.env`)))
      }
      const simulator = new Program(
        'fleet',
        [
          ...['apps/amt-simulator/main.ts', 'fleet', '--count', `${MACHINES}`, '--prefix', PREFIX, '--timing', 'zero'],
          ...['--env-dir', environments, '--state-dir', join(folder, 'fleet')],
        ],
        {},
      )
      try {
        await until(
          async () =>
            (await Promise.all(hosts.map((id) => api.host(id)))).every(({ outrider }) => outrider.support === 'amt'),
          120_000,
          500,
        )
        const before = usageOf(orchestrator.program.pid)
        const began = performance.now()
        const times = await Promise.all(
          hosts.map(async (id) => {
            const { life, fault } = await api.ended(await api.request(id, { desiredAmtState: 'AMT_STATE_PROVISIONED' }))
            if (life !== 'succeeded') throw new Error(`${id}: ${life} ${JSON.stringify(fault)}`)
            return performance.now() - began
          }),
        )
        const after = usageOf(orchestrator.program.pid)
        report.measure('all activated and connected', Math.max(...times), 'ms')
        report.measure('one of them, median', median(times), 'ms')
        report.measure(
          'CPU of the orchestrator each',
          ((after.cpuSeconds - before.cpuSeconds) * 1000) / MACHINES,
          'ms CPU',
        )
        report.measure(
          'memory of the orchestrator each',
          (after.residentBytes - before.residentBytes) / 1024 / MACHINES,
          'KiB',
        )
      } finally {
        await simulator.stop()
      }
    })
  },
}
