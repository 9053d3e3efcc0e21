import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock, EventSink, Random } from '@outrider/domain/ports'
import { openMeiSocket } from '@outrider/mei-socket'
import { connectOrchestrator, nodeAgentConfig, readMachine, runNodeAgent, tokenPath } from '@outrider/node-agent'
import {
  connectManager,
  manageabilityAgentConfig,
  openOrderJournal,
  type RpcRunner,
  runManageabilityAgent,
} from '@outrider/platform-manageability-agent'
import { Fault } from '@outrider/protocols/values'
import { dialRps, readSystem, runRpc } from '@outrider/rpc'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { simulatorFaults } from '../faults.ts'
import { readEnvironmentFile } from '../node/environment-file.ts'
import type { MachinePaths } from '../paths.ts'

// The agents of one machine of a fleet, and RPC, as function calls in this process.

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (span, signal) => pause(span, undefined, { signal }),
}
const random: Random = { bytes: (length) => randomBytes(length) }
/** Before an agent that ended is started again. */
const RESTART_PAUSE = 1000

export interface FleetAgentOptions {
  readonly serial: string
  readonly paths: MachinePaths
  readonly envFile: string
  readonly say: (line: string) => void
}

/** The operating system of one machine: its agents run from `start` to `stop`. */
export class FleetAgents {
  readonly #options: FleetAgentOptions
  #stop: AbortController | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(options: FleetAgentOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#stop !== undefined) return
    const stop = new AbortController()
    this.#stop = stop
    this.#running = this.#running.then(() => this.#run(stop.signal))
  }

  async stop(): Promise<void> {
    this.#stop?.abort(new Error('the operating system ended'))
    this.#stop = undefined
    await this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#keep('node-agent', signal, () => this.#nodeAgent(signal)),
      this.#keep('platform-manageability-agent', signal, () => this.#manageabilityAgent(signal)),
    ])
  }

  /** Runs an agent for as long as the operating system does, again where it ends. */
  async #keep(name: string, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        await run()
      } catch (error) {
        if (signal.aborted) return
        this.#options.say(`${name}: ${Fault.from(error).code}`)
        // A configuration nobody mends by waiting: the next boot reads it again.
        if (error instanceof Fault && error.code === 'SIMULATOR_ENVIRONMENT_INCOMPLETE') return
      }
      await pause(RESTART_PAUSE, undefined, { signal }).catch(() => undefined)
    }
  }

  async #nodeAgent(signal: AbortSignal): Promise<void> {
    const config = await this.#config(nodeAgentConfig)
    const orchestrator = connectOrchestrator(config)
    try {
      await runNodeAgent({ config, orchestrator, clock, random, events: this.#events('node-agent') }, signal)
    } finally {
      orchestrator.close()
    }
  }

  async #manageabilityAgent(signal: AbortSignal): Promise<void> {
    const config = await this.#config(manageabilityAgentConfig)
    const folder = join(config.OUTRIDER_STATE_DIR, 'platform-manageability-agent')
    const ca = config.OUTRIDER_CA === undefined ? undefined : Buffer.from(config.OUTRIDER_CA, 'base64')
    const tokenFile = tokenPath(config.OUTRIDER_STATE_DIR, 'platform-manageability-agent')
    const manager = connectManager({
      url: config.OUTRIDER_URL,
      ca,
      machine: await readMachine(config.OUTRIDER_DMI_DIR),
      tokenPath: tokenFile,
      token: async () => (await readFile(tokenFile, 'utf8').catch(() => '')).trim() || undefined,
    })
    try {
      await runManageabilityAgent(
        {
          config,
          manager,
          rpc: await this.#rpc(folder, ca),
          journal: openOrderJournal(join(folder, 'last-order.json')),
          clock,
          random,
          events: this.#events('platform-manageability-agent'),
        },
        signal,
      )
    } finally {
      manager.close()
    }
  }

  async #rpc(folder: string, ca: Buffer | undefined): Promise<RpcRunner> {
    const environment: Record<string, string> = {}
    if (ca !== undefined) {
      environment.RPC_CA_FILE = join(folder, 'orchestrator-ca.crt')
      await mkdir(folder, { recursive: true })
      await writeFile(environment.RPC_CA_FILE, ca)
    }
    const mei = openMeiSocket(this.#options.paths.mei)
    return {
      run: async (words, given, signal) => {
        const output = { stdout: '', stderr: '' }
        const exitCode = await runRpc(words, {
          env: { ...environment, ...given },
          mei,
          lmsAddress: undefined,
          dialRps,
          system: readSystem,
          readFile: (path) => readFile(path, 'utf8'),
          build: {
            version: '0.1.0',
            commit: 'unknown',
            date: 'unknown',
            runtime: `node ${process.version}`,
            platform: `${process.platform}/${process.arch}`,
          },
          stdout: (text) => {
            output.stdout += text
          },
          stderr: (text) => {
            output.stderr += text
          },
          now: () => new Date(),
          pause: (span, until) => pause(span, undefined, { signal: until }),
          signal,
        })
        return { exitCode, ...output }
      },
    }
  }

  /** Throws `SIMULATOR_ENVIRONMENT_INCOMPLETE`. */
  async #config<S extends TSchema & { readonly properties: Record<string, TSchema> }>(schema: S): Promise<Static<S>> {
    const { paths, envFile } = this.#options
    const given = {
      ...(await readEnvironmentFile(envFile).catch(() => ({}))),
      OUTRIDER_STATE_DIR: paths.agents,
      OUTRIDER_DMI_DIR: paths.dmi,
    }
    const known = Object.fromEntries(Object.entries(given).filter(([key]) => key in schema.properties))
    const value = Value.Convert(schema, Value.Default(schema, known))
    if (Value.Check(schema, value)) return value
    const required = (schema as { readonly required?: readonly string[] }).required ?? []
    const wrong = Object.keys(schema.properties).filter((key) => {
      const present = (value as Record<string, unknown>)[key]
      return (present !== undefined || required.includes(key)) && !Value.Check(schema.properties[key]!, present)
    })
    throw simulatorFaults.SIMULATOR_ENVIRONMENT_INCOMPLETE({ file: envFile, keys: wrong.join(', ') })
  }

  #events(agent: string): EventSink {
    return {
      emit: (name, fields) => this.#options.say(`${agent}: ${name} ${JSON.stringify(fields)}`),
    }
  }
}
