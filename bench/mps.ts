import { withOrchestrator } from './deployment.ts'
import { bareTls } from './load/bare-tls.ts'
import { findGenerator, generate, mustSucceed } from './load/generator.ts'
import { collectable, residentAfterCollection } from './process-usage.ts'
import { type Benchmark, median } from './report.ts'

/** Connected one after the other: the first make the server warm, between the others memory is compared. */
const STEPS = [1000, 2000, 2000, 2000, 3000]
const COMPARED = [0, 4] as const
const INFLIGHT = 50
const SETTLE_SECONDS = 8
const IDLE_SECONDS = 60

const per = (total: number, units: number): number => total / units

/** Bytes per connection between two steps that are compared. */
const growth = (resident: readonly number[]): number => {
  const [from, to] = COMPARED
  const opened = STEPS.slice(from + 1, to + 1).reduce((sum, count) => sum + count, 0)
  return per(resident[to]! - resident[from]!, opened)
}

export const mps: Benchmark = {
  name: 'mps',
  about: 'many devices dial in: CPU to connect one, memory per idle tunnel, CPU of 10,000 that idle',
  async run(report) {
    const generator = findGenerator('cira-load.mjs')
    if (generator === undefined) {
      report.skip('all of it', 'no load generator: OUTRIDER_BENCH names the folder of cira-load.mjs')
      return
    }
    const total = STEPS.reduce((sum, count) => sum + count, 0)
    const bare = await bareTls(STEPS)
    const bareBytes = growth(bare.map(({ residentBytes }) => residentBytes))
    const bareCpu = median(STEPS.map((count, n) => per(bare[n]!.handshakeCpuSeconds * 1000, count)).slice(1))
    report.measure('bare TLS: connect, CPU', bareCpu, 'ms CPU')
    report.measure('bare TLS: memory per connection', bareBytes / 1024, 'KiB')

    await withOrchestrator(
      async ({ orchestrator, api }) => {
        const { pid } = orchestrator.program
        const resident: Promise<number>[] = []
        const phases = await generate(
          generator,
          [
            ...['--port', `${orchestrator.ciraPort}`, '--rest', `https://127.0.0.1:${orchestrator.port}`],
            ...['--token', await api.token(), '--target', `server=${pid}`],
            ...['--devices', `${total}`, '--seed-secrets', 'calib', 'seed'],
            ...STEPS.flatMap((count) => [`storm=${count}:${INFLIGHT}`, `sleep=${SETTLE_SECONDS}`, 'calib']),
            `idle=${IDLE_SECONDS}`,
          ],
          // A pause follows.
          ({ phase }) => phase.startsWith('storm') && resident.push(residentAfterCollection(pid)),
        )
        mustSucceed(phases)
        const storms = phases.filter(({ phase }) => phase.startsWith('storm'))
        const connect = median(storms.slice(1).map(({ cpu }) => cpu?.server?.cpuMsPerOp ?? Number.NaN))
        report.measure(
          'calibration: a fixed piece of work',
          median(phases.flatMap(({ calibCpuMs }) => calibCpuMs ?? [])),
          'ms CPU',
        )
        report.measure(
          'register one device',
          phases.find(({ phase }) => phase === 'seed')?.cpu?.server?.cpuMsPerOp ?? 0,
          'ms CPU',
        )
        report.measure('connect one device, CPU of the server', connect, 'ms CPU', { atMost: 1.3 })
        report.measure('connects per second', median(storms.slice(1).map(({ perS }) => perS ?? 0)), '/s')
        const bytes = growth(await Promise.all(resident))
        report.measure('memory per idle tunnel', bytes / 1024, 'KiB')
        report.measure('own memory per idle tunnel, above bare TLS', (bytes - bareBytes) / 1024, 'KiB', { atMost: 6 })
        const idle = phases.find(({ phase }) => phase.startsWith('idle'))
        report.measure(`${total} idle tunnels`, idle?.cpu?.server?.cores ?? Number.NaN, 'cores', { atMost: 0.03 })
      },
      { NODE_OPTIONS: collectable },
    )
  },
}
