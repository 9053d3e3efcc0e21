// `npm run check`: types, lint and format, layers, generated files; everything at once, under 20 seconds.

import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules', '.bin', name)

const checks: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['types', bin('tsc'), '--noEmit', '-p', 'tsconfig.json'],
  ['purity of protocols', bin('tsc'), '--noEmit', '-p', 'protocols/tsconfig.json'],
  ['lint and format', bin('biome'), 'check', '.'],
  ['layers', process.execPath, '--test', '--test-reporter=dot', 'tools/layers.test.ts'],
  ['generated files', process.execPath, 'tools/generate.ts', '--check'],
]

const results = await Promise.all(
  checks.map(
    ([name, command, ...args]) =>
      new Promise<{ name: string; ok: boolean; output: string; seconds: number }>((done) => {
        const began = performance.now()
        const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
        let output = ''
        child.stdout.on('data', (chunk) => (output += chunk))
        child.stderr.on('data', (chunk) => (output += chunk))
        child.on('close', (code) => done({ name, ok: code === 0, output, seconds: (performance.now() - began) / 1000 }))
      }),
  ),
)
for (const { name, ok, output, seconds } of results) {
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`)
  if (!ok) console.log(output.trimEnd())
}
process.exit(results.every(({ ok }) => ok) ? 0 : 1)
