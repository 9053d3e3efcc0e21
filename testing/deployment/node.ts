import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { until } from '../harness/until.ts'
import { EventLog } from './event-log.ts'
import { Program } from './program.ts'

/** What the firmware's control socket says about its machine, as far as scenarios read it. */
export interface FirmwareView {
  readonly identity: { readonly uuid: string; readonly smbiosUuid: string }
  /** 0 not activated, 1 client control mode, 2 admin control mode. */
  readonly controlMode: number
  readonly digestRealm: string
  /** Acts that were carried out, by name. */
  readonly counters: Readonly<Record<string, number>>
  readonly power: { readonly state: number }
}

export interface KnownSecret {
  readonly name: string
  readonly value: string
}

/** Processes of a machine, by the names its supervisor gives them. */
export type NodeProcess = 'supervisor' | 'firmware' | 'node-agent' | 'platform-manageability-agent'

/** One simulated machine: firmware and agents, each a process of its own, under a supervisor. */
export class SimulatedNode {
  readonly serial: string
  readonly uuid: string
  readonly folder: string
  /** What its processes have logged. */
  readonly log = new EventLog()
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
    this.#program = new Program(`node ${this.serial}`, this.#words, {}, (line) => this.log.take(line))
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('the node was not started')
    return this.#program
  }

  get output(): string {
    return this.#program?.output ?? ''
  }

  /** Process ids by name, as the supervisor keeps them; none for one that does not run now. */
  get pids(): Readonly<Partial<Record<NodeProcess, number | null>>> {
    const file = join(this.folder, 'pids.json')
    if (!existsSync(file)) return {}
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<NodeProcess, number | null>>
    } catch {
      return {}
    }
  }

  /** Ids of the RPC processes its agent has started and not seen the end of, oldest first. */
  rpcPids(command?: string): number[] {
    const running = new Map<number, string>()
    for (const { event, rpcPid: pid, command: ran, code } of this.log.all) {
      if (event !== 'agent.rpc') continue
      if (code === undefined) running.set(Number(pid), String(ran))
      else running.delete(Number(pid))
    }
    return [...running].filter(([, ran]) => command === undefined || ran === command).map(([pid]) => pid)
  }

  /** Every RPC process it has run so far. */
  get allRpcPids(): number[] {
    return this.log.all
      .filter(({ event, code }) => event === 'agent.rpc' && code === undefined)
      .map(({ rpcPid }) => Number(rpcPid))
  }

  /** What the firmware's control socket answers. */
  control<T>(path: string, method: 'GET' | 'POST' = 'GET', body?: unknown): Promise<T> {
    return askControl<T>(join(this.folder, 'control.sock'), path, method, body)
  }

  /** The machine as its firmware sees it; waits for a firmware that is just being started again. */
  firmware(): Promise<FirmwareView> {
    return until(() => this.control<FirmwareView>('/').catch(() => undefined), 20_000, 50)
  }

  secrets(): Promise<readonly KnownSecret[]> {
    return this.control<readonly KnownSecret[]>('/secrets')
  }

  /** One of the actions of the control API, e.g. `disturb`. */
  act(action: string, input: object): Promise<unknown> {
    return this.control(`/actions/${action}`, 'POST', input)
  }

  stop(): Promise<number | null> | undefined {
    return this.#program?.stop()
  }
}

/** Asks the control API of a simulated machine, or of a fleet of them, on its Unix socket. */
export const askControl = <T>(
  socketPath: string,
  path: string,
  method: 'GET' | 'POST' = 'GET',
  body?: unknown,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method, timeout: 5000, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('error', reject)
      answer.on('end', () => {
        try {
          resolve((text === '' ? undefined : JSON.parse(text)) as T)
        } catch (error) {
          reject(error as Error)
        }
      })
    })
    call.on('error', reject)
    call.on('timeout', () => call.destroy(new Error('the control socket does not answer')))
    if (body !== undefined) call.write(JSON.stringify(body))
    call.end()
  })
