// `npm run test:long`: everything goes wrong at every step of every protocol, what reads is fed rubbish, and what
// comes and goes does so for long. Prints tables; exit 0 only if all held.
//
//   --seed S      what a run does by chance; the same seed does the same
//   --minutes N   how long all of it may take (60)
//   --share X     share of all cases, inputs and cycles (1)
//   --part WORD   only `matrix`, `fuzz` or `soak`
//   --only WORDS  only the cases of the matrix whose names have these words
//   --parallel N  machines at a time (10)
//   --verbose     a line per case

import { parseArgs } from 'node:util'
import { ProvisioningPki } from '../../components/rps/test/provisioning-pki.ts'
import { codecTargets } from './fuzz/codec-targets.ts'
import { fuzzCodecs } from './fuzz/codecs.ts'
import { overhear } from './fuzz/corpus.ts'
import { fuzzRoutes } from './fuzz/routes.ts'
import { fuzzWires } from './fuzz/wires.ts'
import { ADMIN_SUFFIX, House } from './house/house.ts'
import { type Case, someOf } from './matrix/cases.ts'
import { runMatrix } from './matrix/matrix.ts'
import { Noise } from './noise.ts'
import { codecTable, matrixTable, routeTable, soakTable, wireTable } from './report.ts'
import { soakActivations, soakTunnels } from './soak/soaks.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '60' },
    share: { type: 'string', default: '1' },
    part: { type: 'string' },
    only: { type: 'string' },
    parallel: { type: 'string', default: '10' },
    verbose: { type: 'boolean', default: false },
  },
})
const { only } = values
const part = only === undefined ? values.part : 'matrix'
const seed = Number(values.seed)
const minutes = Number(values.minutes)
const share = Number(values.share)
const began = performance.now()
/** When a part has to be through that may use the time up to this share of the whole; alone it has all of it. */
const by = (upTo: number, alone: number): number => began + minutes * 60_000 * (part === undefined ? upTo : alone)
const some = (count: number): number => Math.max(1, Math.ceil(count * share))
const wrong: string[] = []
const warned = (what: unknown): void => {
  wrong.push(`the process was warned: ${what instanceof Error ? what.stack : String(what)}`)
}
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') warned(warning)
})
process.on('unhandledRejection', warned)
process.on('uncaughtException', warned)

// Each part has a source of its own: which of them run does not change what each does.
const noise = new Noise(seed)
const sources = { matrix: noise.fork(), fuzz: noise.fork(), soak: noise.fork() }
console.log(`seed ${seed}, share ${share}, at most ${minutes} minutes`)

if (part === undefined || part === 'matrix') {
  const source = sources.matrix
  const choose = (cases: readonly Case[]): readonly Case[] =>
    only === undefined ? someOf(cases, some(cases.length), source) : cases.filter(({ name }) => name.includes(only))
  await using house = await House.open()
  const result = await runMatrix(house, {
    noise: source,
    choose,
    parallel: Number(values.parallel),
    until: by(0.6, 1),
    timers: true,
    ...(values.verbose ? { tell: console.log } : {}),
  })
  console.log(matrixTable(result))
  for (const outcome of result.outcomes)
    if (outcome.wrong.length > 0) wrong.push(`${outcome.of.name}: ${outcome.wrong.join('; ')}`)
  wrong.push(...result.leaks)
}

if (part === undefined || part === 'fuzz') {
  const source = sources.fuzz
  await using house = await House.open()
  const corpus = await overhear(house, source.fork())
  const codecs = fuzzCodecs(codecTargets(corpus), some(30_000), source.fork(), by(0.68, 0.4))
  console.log(codecTable(codecs))
  const wires = await fuzzWires(house, corpus, some(1500), source.fork(), by(0.72, 0.6))
  console.log(wireTable(wires))
  using pki = new ProvisioningPki('Fuzz Root')
  const password = 'P@ssw0rd'
  const pfx = { base64: pki.pfx({}, { password }).toString('base64'), suffix: ADMIN_SUFFIX, password }
  const routes = await fuzzRoutes(house, {
    perRoute: some(600),
    noise: source.fork(),
    facts: { pfx },
    until: by(0.8, 1),
  })
  console.log(routeTable(routes))
  for (const each of [...codecs, ...wires]) wrong.push(...each.wrong)
  wrong.push(...routes.wrong)
}

if (part === undefined || part === 'soak') {
  const source = sources.soak
  const common = { machines: 6, ...(values.verbose ? { tell: console.log } : {}) }
  // Few events are kept, or they are what grows.
  await using house = await House.open({ eventsKept: 100 })
  const results = [
    await soakTunnels(house, { cycles: some(2000), noise: source.fork(), until: by(0.9, 0.5), ...common }),
    await soakActivations(house, { cycles: some(240), noise: source.fork(), until: by(1, 1), ...common }),
  ]
  console.log(soakTable(results))
  for (const each of results) wrong.push(...each.wrong)
}

for (const what of wrong) console.log(`WRONG  ${what}`)
const took = ((performance.now() - began) / 60_000).toFixed(1)
console.log(`${wrong.length === 0 ? 'ok' : 'FAILED'}: ${wrong.length} wrong in ${took} minutes`)
process.exit(wrong.length === 0 ? 0 : 1)
