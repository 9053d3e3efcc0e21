import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { until } from '../harness/until.ts'
import { freePort } from './free-port.ts'
import { Program, root } from './program.ts'

/** The orchestrator as a process of its own, on a data folder and ports that stay when it is started again. */
export class Orchestrator {
  readonly folder: string
  readonly port: number
  readonly ciraPort: number
  readonly environment: Readonly<Record<string, string>>
  #program: Program | undefined

  private constructor(folder: string, port: number, ciraPort: number, environment: Readonly<Record<string, string>>) {
    this.folder = folder
    this.port = port
    this.ciraPort = ciraPort
    this.environment = environment
  }

  static async prepare(folder: string, extra: Readonly<Record<string, string>> = {}): Promise<Orchestrator> {
    const [port, ciraPort] = [await freePort(), await freePort()]
    return new Orchestrator(folder, port, ciraPort, {
      OUTRIDER_DATA: folder,
      OUTRIDER_LISTEN: `127.0.0.1:${port}`,
      OUTRIDER_CIRA_LISTEN: `127.0.0.1:${ciraPort}`,
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile'),
      ...extra,
    })
  }

  get url(): string {
    return `https://localhost:${this.port}`
  }

  get caFile(): string {
    return join(this.folder, 'ca.crt')
  }

  get passwordFile(): string {
    return join(this.folder, 'admin-password')
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('the orchestrator was not started')
    return this.#program
  }

  /** Starts it (again) and waits until it is ready. Milliseconds from the start. */
  async start(): Promise<number> {
    const began = performance.now()
    const program = new Program(
      'orchestrator',
      ['--max-semi-space-size=2', 'apps/orchestrator/main.ts'],
      this.environment,
    )
    this.#program = program
    await until(async () => {
      if (!program.running) throw new Error(`the orchestrator ended:\n${program.output}`)
      return this.ready()
    }, 30_000)
    return performance.now() - began
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null | undefined> {
    return this.#program?.stop(signal)
  }

  /** Whether `/readyz` says so. */
  ready(): Promise<boolean> {
    return new Promise((resolve) => {
      const call = request(
        { host: '127.0.0.1', port: this.port, path: '/readyz', rejectUnauthorized: false, agent: false, timeout: 2000 },
        (answer) => {
          answer.resume()
          resolve(answer.statusCode === 200)
        },
      )
      call.on('error', () => resolve(false))
      call.on('timeout', () => call.destroy())
      call.end()
    })
  }

  /** Resident memory in bytes. */
  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.program.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024
  }

  /** CPU seconds used so far. */
  get cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.program.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  }
}
