import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Benchmark, Report } from './report.ts'

// Benchmarks that are programs of their own, because they measure their own process.

const folder = new URL('.', import.meta.url).pathname

const run = async (report: Report, file: string, units: Readonly<Record<string, string>>): Promise<void> => {
  const child = spawn(process.execPath, ['--expose-gc', '--max-semi-space-size=2', folder + file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { measure, ...numbers } = JSON.parse(line) as { measure: string } & Record<string, number>
    for (const [name, unit] of Object.entries(units)) {
      const value = numbers[name]
      if (value !== undefined) report.measure(measure, value, unit)
    }
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${file} ended with ${code}`)
}

export const sessions: Benchmark = {
  name: 'sessions',
  about: 'CIRA sessions in one process: bytes per idle tunnel, CPU per connect, per call, per megabyte',
  run: (report) => run(report, 'cira-session.ts', { cpuMicroseconds: 'us CPU', bytes: 'bytes' }),
}

export const stores: Benchmark = {
  name: 'stores',
  about: 'the embedded database and secret file: CPU and bytes per read, write and page',
  run: (report) => run(report, 'stores.ts', { cpu: 'us CPU', bytes: 'bytes', longest: 'ms held' }),
}
