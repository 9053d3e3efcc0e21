import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')

const OUTPUT_LIMIT = 4_000_000

/** A program that goes on until it is stopped, with what it printed. */
export class Program {
  readonly name: string
  readonly process: ChildProcess
  #output = ''

  constructor(
    name: string,
    words: readonly string[],
    environment: Readonly<Record<string, string>>,
    onLine: (line: string) => void = () => undefined,
  ) {
    this.name = name
    this.process = spawn(process.execPath, words, {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const input of [this.process.stdout, this.process.stderr]) {
      if (input === null) continue
      createInterface({ input }).on('line', (line) => {
        this.#output = `${this.#output}${line}\n`.slice(-OUTPUT_LIMIT)
        onLine(line)
      })
    }
  }

  get pid(): number {
    return this.process.pid ?? -1
  }

  get output(): string {
    return this.#output
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null
  }

  /** Ends it and waits for that; SIGKILL where it does not go within the patience. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM', patience = 20_000): Promise<number | null> {
    if (!this.running) return this.process.exitCode
    const gone = once(this.process, 'exit')
    this.process.kill(signal)
    const timer = setTimeout(() => this.process.kill('SIGKILL'), patience)
    const [code] = (await gone) as [number | null]
    clearTimeout(timer)
    return code
  }
}

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly milliseconds: number
}

/** Runs a program to its end. */
export const runToEnd = async (
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  options: {
    readonly timeout?: number
    readonly onOutput?: (text: string) => void
    /** What is done to it while it runs; the end is waited for. */
    readonly onStart?: (pid: number) => Promise<void>
  } = {},
): Promise<Finished> => {
  const began = performance.now()
  const child = spawn(process.execPath, words, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk
      options.onOutput?.(chunk)
    })
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 150_000)
  const [[code, signal]] = (await Promise.all([once(child, 'close'), options.onStart?.(child.pid ?? -1)])) as [
    [number | null, string | null],
    unknown,
  ]
  clearTimeout(timer)
  if (signal === 'SIGKILL') output.stderr += '\n(killed: it took too long)'
  return { code: code ?? -1, ...output, milliseconds: performance.now() - began }
}
