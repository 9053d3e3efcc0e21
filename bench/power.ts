import { withOrchestrator } from './deployment.ts'
import { findGenerator, generate, mustSucceed, type Phase } from './load/generator.ts'
import { type Benchmark, median } from './report.ts'

const DEVICES = 1000
const ROUNDS = 5
const SECONDS = 6
/** The generator keeps a core busy: then the rate is its own, and the server is judged by its CPU. */
const SATURATED = 0.9

export const power: Benchmark = {
  name: 'power',
  about: 'power/state of connected devices, by 1 caller and by 256',
  async run(report) {
    const generator = findGenerator('cira-load.mjs')
    if (generator === undefined) {
      report.skip('all of it', 'no load generator: OUTRIDER_BENCH names the folder of cira-load.mjs')
      return
    }
    await withOrchestrator(async ({ orchestrator, api }) => {
      const round = [`rest=powerstate:1:${SECONDS}`, `rest=powerstate:256:${SECONDS}`, 'calib']
      const phases = await generate(generator, [
        ...['--port', `${orchestrator.ciraPort}`, '--rest', `https://127.0.0.1:${orchestrator.port}`],
        ...['--token', await api.token(), '--target', `server=${orchestrator.program.pid}`],
        ...['--devices', `${DEVICES}`, '--seed-secrets', 'seed', `storm=${DEVICES}`, 'warm=powerstate:64'],
        ...Array.from({ length: ROUNDS }, () => round).flat(),
      ])
      mustSucceed(phases)
      const callers = (count: number): readonly Phase[] => phases.filter(({ concurrency }) => concurrency === count)
      const cpu = (these: readonly Phase[]): number =>
        median(these.map(({ cpu: used }) => used?.server?.cpuMsPerOp ?? Number.NaN))
      const one = callers(1)
      const many = callers(256)
      const rate = median(many.map(({ perS }) => perS ?? 0))
      const saturated = many.some(({ cpu: used }) => (used?.generator?.cores ?? 0) >= SATURATED)
      report.measure(
        'calibration: a fixed piece of work',
        median(phases.flatMap(({ calibCpuMs }) => calibCpuMs ?? [])),
        'ms CPU',
      )
      report.measure('1 caller: median', median(one.map(({ latencyMs }) => latencyMs?.p50 ?? Number.NaN)), 'ms', {
        atMost: 5,
      })
      report.measure('1 caller: CPU per call', cpu(one), 'ms CPU')
      report.measure(
        `256 callers: rate${saturated ? ' (the generator is the limit)' : ''}`,
        rate,
        '/s',
        saturated ? undefined : { atLeast: 1500 },
      )
      report.measure('256 callers: CPU per call', cpu(many), 'ms CPU', { atMost: 0.5 })
    })
  },
}
