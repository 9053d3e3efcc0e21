// Writes what is generated and committed: the fault and event references and the gRPC code. With `--check`
// nothing is written; what is out of date is named and the exit code is 1.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = resolve(import.meta.dirname, '..')
const checking = process.argv.includes('--check')
const stale: string[] = []

const write = (path: string, content: string): void => {
  const file = join(root, path)
  const present = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  if (present === content) return
  if (checking) {
    stale.push(path)
    return
  }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  console.log(`wrote ${path}`)
}

const { faultReference } = await import('./reference/faults.ts')
const { eventReference } = await import('./reference/events.ts')
const tables = globSync('{protocols,sessions,domain,firmware,adapters,components,apps}/**/faults.ts', {
  cwd: root,
  exclude: (name) => name.includes('node_modules'),
}).sort()
const modules = await Promise.all(
  tables.map(async (path) => ({ path, exports: (await import(pathToFileURL(join(root, path)).href)) as object })),
)
write('docs/faults.md', faultReference(modules))
write('docs/events.md', eventReference())

// gRPC code, made in a scratch folder first so that checking leaves no trace.
const scratch = mkdtempSync(join(tmpdir(), 'outrider-generate-'))
try {
  cpSync(join(root, 'protocols/grpc'), scratch, { recursive: true, filter: (path) => !path.includes('/gen') })
  const run = spawnSync(join(root, 'node_modules/.bin/buf'), ['generate'], {
    cwd: scratch,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` },
  })
  if (run.status !== 0) {
    console.error(run.stderr)
    process.exit(1)
  }
  for (const file of globSync('gen/**/*.ts', { cwd: scratch }).sort())
    write(relative(root, join(root, 'protocols/grpc', file)), readFileSync(join(scratch, file), 'utf8'))
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

if (stale.length > 0) {
  console.error(`out of date (npm run generate): ${stale.join(', ')}`)
  process.exit(1)
}
