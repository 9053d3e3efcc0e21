import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { faultStatus } from '@outrider/protocols/values'
import type { Orchestrator } from './orchestrator.ts'
import { type Finished, runToEnd } from './program.ts'

/** orch-cli as a user runs it, with a settings file of its own. */
export class Cli {
  readonly #environment: Readonly<Record<string, string>>
  readonly #orchestrator: Orchestrator
  readonly #folder: string

  constructor(orchestrator: Orchestrator, folder: string, environment: Readonly<Record<string, string>> = {}) {
    this.#orchestrator = orchestrator
    this.#folder = folder
    this.#environment = { ORCH_CLI_CONFIG: join(folder, 'orch-cli.yaml'), NO_COLOR: '1', ...environment }
  }

  /** The same user with somebody else's access token, as scripts give one. */
  withToken(token: string): Cli {
    return new Cli(this.#orchestrator, this.#folder, { MT_GW_TOKEN: token })
  }

  run(...words: readonly string[]): Promise<Finished> {
    return runToEnd(['apps/orch-cli/main.ts', ...words], this.#environment)
  }

  /** Runs it, and again while it says that the orchestrator is away: only for what may be asked twice. */
  async runWhileAway(...words: readonly string[]): Promise<Finished> {
    for (let tries = 0; ; tries++) {
      const finished = await this.run(...words)
      if (finished.code !== faultStatus.unavailable.exit || !finished.stderr.includes('CLI_UNREACHABLE') || tries > 20)
        return finished
      await pause(250)
    }
  }

  /** Runs it and throws with everything it printed where it did not succeed. */
  async must(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.runWhileAway(...words)
    if (code !== 0) throw new Error(`orch-cli ${words.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
    return stdout
  }

  async json<T>(...words: readonly string[]): Promise<T> {
    return JSON.parse(await this.must(...words, '--output', 'json')) as T
  }

  login(): Promise<string> {
    const { url, caFile, passwordFile } = this.#orchestrator
    return this.must('login', 'admin', '--password-file', passwordFile, '--api-endpoint', url, '--ca', caFile)
  }
}
