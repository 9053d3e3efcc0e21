import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { until } from '../harness/until.ts'
import { EventLog } from './event-log.ts'
import { freePort } from './free-port.ts'
import { Program, root } from './program.ts'

const START_PATIENCE = 60_000

/** The options `npm start` gives to Node. */
const startFlags = (): readonly string[] => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } }
  return scripts.start.match(/--[\w-]+(=\S+)?/g) ?? []
}

/**
 * The orchestrator as a process of its own, on a data folder and ports that stay. Whoever kills it, it is started
 * again as an init system would, until it is stopped.
 */
export class Orchestrator {
  readonly folder: string
  readonly port: number
  readonly ciraPort: number
  readonly environment: Readonly<Record<string, string>>
  /** What every process of it has logged. */
  readonly log = new EventLog()
  #program: Program | undefined
  #earlierOutput = ''
  #wanted = false
  #ready: Promise<void> = Promise.resolve()
  #starts = 0

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

  /** What all its processes printed. */
  get output(): string {
    return this.#earlierOutput + (this.#program?.output ?? '')
  }

  /** How often it was started, by whomever. */
  get starts(): number {
    return this.#starts
  }

  /** Starts it and waits until it is ready. Milliseconds from the start. */
  async start(): Promise<number> {
    const began = performance.now()
    this.#wanted = true
    this.#spawn()
    await this.ready()
    return performance.now() - began
  }

  /** Kills it as a failing machine would, and waits until it is ready again. Milliseconds from the kill. */
  async kill(): Promise<number> {
    const began = performance.now()
    const { process } = this.program
    const gone = new Promise((resolve) => process.once('exit', resolve))
    process.kill('SIGKILL')
    await gone
    await this.ready()
    return performance.now() - began
  }

  /** Resolves when the process that runs now is ready. */
  async ready(): Promise<void> {
    for (let seen: Promise<void> | undefined; seen !== this.#ready; ) {
      seen = this.#ready
      await seen
    }
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null | undefined> {
    this.#wanted = false
    return this.#program?.stop(signal)
  }

  #spawn(): void {
    this.#earlierOutput += this.#program?.output ?? ''
    const from = this.log.length
    const words = [...startFlags(), 'apps/orchestrator/main.ts']
    const program = new Program('orchestrator', words, this.environment, (line) => this.log.take(line))
    this.#program = program
    this.#starts++
    const ended = new Promise<'ended'>((resolve) => program.process.once('exit', () => resolve('ended')))
    const started = this.log.find({ event: 'service.started' }, from, START_PATIENCE)
    started.catch(() => undefined)
    this.#ready = Promise.race([started, ended]).then(async (how) => {
      if (how !== 'ended') {
        await until(() => !program.running || this.isReady(), START_PATIENCE, 20)
        if (program.running) return
      }
      // Killed while it started: then the next one counts. One that ends by itself would do so again.
      if (program.process.signalCode !== 'SIGKILL') throw new Error(`the orchestrator ended:\n${program.output}`)
    })
    this.#ready.catch(() => undefined)
    void ended.then(() => {
      if (this.#wanted && program.process.signalCode !== null) this.#spawn()
    })
  }

  /** Whether `/readyz` says so. */
  isReady(): Promise<boolean> {
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
