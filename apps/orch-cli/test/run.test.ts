import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** The command line as the system showed it to everybody while it ran. */
  readonly argv: string
}

export const LAUNCHER = new URL('../bin/orch-cli', import.meta.url).pathname
const PATIENCE_MS = 60_000

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
  /** Told of each line of the output as it comes. */
  readonly onLine?: (line: string) => void
}

/** Runs orch-cli as a process of its own, through its launcher. */
export const orchCli = (words: readonly string[], { environment, input, onLine }: RunOptions = {}): Promise<Ran> => {
  const child = spawn(LAUNCHER, words, {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
  })
  let out = ''
  let err = ''
  let argv = ''
  let line = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    line += text
    const lines = line.split('\n')
    line = lines.pop() ?? ''
    for (const whole of lines) onLine?.(whole)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const seen = readFile(`/proc/${child.pid}/cmdline`, 'utf8').then(
    (text) => {
      argv = text
    },
    () => undefined,
  )
  child.stdin.on('error', () => undefined)
  child.stdin.end(input ?? '')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', async (code) => {
      await seen
      resolve({ code, out, err, argv })
    })
  })
}
