// `npm run bench [-- name…]`: what a unit of work costs, in CPU and bytes. `--list` says what there is, `--json` prints
// a line of JSON per figure. Ends with 1 where a target was missed or a benchmark failed.

import { parseArgs } from 'node:util'
import { activation } from './activation.ts'
import { fleet } from './fleet.ts'
import { mps } from './mps.ts'
import { power } from './power.ts'
import { provisioning } from './provisioning.ts'
import { type Benchmark, Report } from './report.ts'
import { sessions, stores } from './scripts.ts'
import { start } from './start.ts'

const benchmarks: readonly Benchmark[] = [start, sessions, stores, mps, power, provisioning, activation, fleet]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, list: { type: 'boolean', default: false } },
})

const unknown = positionals.filter((name) => !benchmarks.some((one) => one.name === name))
if (values.list || unknown.length > 0) {
  for (const name of unknown) console.error(`There is no benchmark ${name}.`)
  for (const { name, about } of benchmarks) console.log(`${name.padEnd(12)} ${about}`)
  process.exit(unknown.length > 0 ? 2 : 0)
}

let missed = 0
for (const benchmark of benchmarks) {
  if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue
  const report = new Report(benchmark.name, values.json)
  try {
    await benchmark.run(report)
  } catch (error) {
    missed++
    console.error(`${benchmark.name} failed:`, error)
  }
  missed += report.missed
}
process.exitCode = missed > 0 ? 1 : 0
