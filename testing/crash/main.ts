// `npm run test:crash -- --points 200 --seed S`: kill -9 of orchestrator, agent, RPC and firmware at points that
// follow from the seed. Exit 0 only if nothing was lost, done twice, or left with credentials that do not log in.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runCrashPoints } from './run.ts'
import { summary, violationsOf } from './summary.ts'

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    machines: { type: 'string', default: '4' },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'outrider-crash-'))
const began = performance.now()
console.log(`seed ${values.seed}`)
const report = await runCrashPoints({
  points: Number(values.points),
  seed: Number(values.seed),
  machines: Number(values.machines),
  folder,
  say: (line) => console.log(line),
})
for (const line of summary(report)) console.log(line)
const held = violationsOf(report).length === 0
if (held) rmSync(folder, { recursive: true, force: true })
else {
  writeFileSync(join(folder, 'output.log'), report.output)
  console.log(`kept for a look: ${folder} (output.log is what the processes said)`)
}
console.log(`seed ${values.seed}, ${((performance.now() - began) / 1000).toFixed(1)} s`)
process.exit(held ? 0 : 1)
