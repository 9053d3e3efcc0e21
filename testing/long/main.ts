// `npm run test:long`: a fault matrix, fuzz and soak. `--only WORD` runs the cases whose name has it.

import { parseArgs } from 'node:util'
import { type Case, someOf } from './matrix/cases.ts'
import { runMatrix } from './matrix/matrix.ts'
import { Noise } from './noise.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    share: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '60' },
    only: { type: 'string' },
    parallel: { type: 'string', default: '8' },
  },
})
const noise = new Noise(Number(values.seed))
const choose = (cases: readonly Case[]): readonly Case[] => {
  const { only } = values
  if (only !== undefined) return cases.filter(({ name }) => name.includes(only))
  return someOf(cases, Math.ceil(cases.length * Number(values.share)), noise)
}
const result = await runMatrix({
  noise,
  choose,
  parallel: Number(values.parallel),
  until: performance.now() + Number(values.minutes) * 60_000,
  timers: true,
  tell: console.log,
})
console.log(
  result.outcomes.length,
  'of',
  result.cases,
  'wrong',
  result.outcomes.filter((o) => o.wrong.length > 0).length,
  'leaks',
  result.leaks.length,
)
for (const leak of result.leaks) console.log(leak)
