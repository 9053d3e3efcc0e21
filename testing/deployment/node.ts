import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { Program } from './program.ts'

/** One simulated machine: firmware and agents, each a process of its own, under a supervisor. */
export class SimulatedNode {
  readonly serial: string
  readonly uuid: string
  readonly folder: string
  readonly #words: readonly string[]
  #program: Program | undefined

  constructor(options: {
    readonly serial: string
    readonly uuid: string
    readonly envFile: string
    readonly folder: string
    readonly words?: readonly string[]
  }) {
    this.serial = options.serial
    this.uuid = options.uuid
    this.folder = options.folder
    this.#words = [
      ...['apps/amt-simulator/main.ts', 'node', '--serial', options.serial, '--uuid', options.uuid],
      ...['--env', options.envFile, '--state-dir', options.folder, '--timing', 'zero', ...(options.words ?? [])],
    ]
  }

  start(): void {
    this.#program = new Program(`node ${this.serial}`, this.#words, {})
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('the node was not started')
    return this.#program
  }

  /** Process ids by name, as the supervisor keeps them. */
  get pids(): Readonly<Record<string, number>> {
    const file = join(this.folder, 'pids.json')
    if (!existsSync(file)) return {}
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>
    } catch {
      return {}
    }
  }

  /** What the firmware's control socket answers. */
  control<T>(path: string, method: 'GET' | 'POST' = 'GET', body?: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = request(
        { socketPath: join(this.folder, 'control.sock'), path, method, timeout: 5000, agent: false },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          answer.on('end', () => {
            try {
              resolve((text === '' ? undefined : JSON.parse(text)) as T)
            } catch (error) {
              reject(error as Error)
            }
          })
        },
      )
      call.on('error', reject)
      call.on('timeout', () => call.destroy(new Error('the control socket does not answer')))
      if (body !== undefined) call.write(JSON.stringify(body))
      call.end()
    })
  }

  stop(): Promise<number | null> | undefined {
    return this.#program?.stop()
  }
}
