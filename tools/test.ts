// `npm test`: unit and conformance tests in one process, end-to-end scenarios in a second beside it.
// Prints what was skipped and why; fails where fewer tests ran than there must be.

import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

interface Suite {
  readonly name: string
  readonly files: readonly string[]
  /** Fewer than this many tests mean that files were not found, not that all is well. */
  readonly atLeast: number
  readonly timeoutMs: number
}

const isScenario = (file: string): boolean => file.startsWith('testing/scenarios/')
const files = globSync('{protocols,sessions,domain,firmware,adapters,components,apps,testing,tools}/**/*.test.ts', {
  cwd: root,
  exclude: (name) => name.includes('node_modules'),
}).sort()

const suites: readonly Suite[] = [
  { name: 'unit and conformance', files: files.filter((file) => !isScenario(file)), atLeast: 100, timeoutMs: 60_000 },
  { name: 'scenarios', files: files.filter(isScenario), atLeast: 5, timeoutMs: 240_000 },
]

interface Result {
  readonly name: string
  readonly code: number
  readonly tests: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly output: string
  readonly seconds: number
}

const number = (output: string, label: string): number =>
  Number(new RegExp(`^ℹ ${label} (\\d+)`, 'm').exec(output)?.[1] ?? 0)

const run = (suite: Suite): Promise<Result> =>
  new Promise((done) => {
    const began = performance.now()
    const child = spawn(
      process.execPath,
      [
        '--test',
        '--test-isolation=none',
        '--test-force-exit',
        `--test-timeout=${suite.timeoutMs}`,
        '--test-reporter=spec',
        ...suite.files,
      ],
      { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, FORCE_COLOR: '0' } },
    )
    let output = ''
    const take = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('close', (code) =>
      done({
        name: suite.name,
        code: code ?? 1,
        tests: number(output, 'tests'),
        passed: number(output, 'pass'),
        failed: number(output, 'fail') + number(output, 'cancelled'),
        skipped: number(output, 'skipped'),
        output,
        seconds: (performance.now() - began) / 1000,
      }),
    )
  })

const chosen = suites.filter((suite) => suite.files.length > 0)
const results = await Promise.all(chosen.map(run))
let ok = true
for (const [index, result] of results.entries()) {
  const enough = result.tests >= chosen[index]!.atLeast
  const fine = result.code === 0 && result.failed === 0 && enough
  ok &&= fine
  if (!fine) {
    // The failures are at the end of what the runner prints; the whole is long.
    const from = result.output.indexOf('✖ failing tests')
    console.log(from < 0 ? result.output.slice(-20_000) : result.output.slice(from))
    if (!enough) console.log(`only ${result.tests} tests ran, at least ${chosen[index]!.atLeast} must`)
  }
  for (const line of result.output.split('\n'))
    if (/# SKIP|﹣/.test(line)) console.log(`skipped: ${line.replace(/^\s*[﹣-]\s*/, '').trim()}`)
  console.log(
    `${fine ? 'ok    ' : 'FAILED'} ${result.name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped in ${result.seconds.toFixed(1)} s`,
  )
}
const sum = (pick: (result: Result) => number): number => results.reduce((total, result) => total + pick(result), 0)
console.log(`${sum((r) => r.passed)} passed, ${sum((r) => r.failed)} failed, ${sum((r) => r.skipped)} skipped`)
process.exit(ok ? 0 : 1)
