import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export interface ChildSpec {
  readonly name: string
  /** Program file and words, run by the runtime of this process. */
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Opens a channel to the child and hands over what it says there. */
  readonly onMessage?: (message: unknown) => void
  /** Which exits are not worth another start: a configuration nobody has mended (EX_CONFIG). */
  readonly finalExits?: readonly number[]
}

export interface ChildWatcher {
  /** One event of the supervisor, in words. */
  say(line: string): void
  /** One line a child wrote. */
  line(name: string, text: string): void
  /** The children's pids have changed. */
  changed(): void
}

const FIRST_PAUSE = 200
const LONGEST_PAUSE = 5000
/** A child that lived this long is taken to work: the next pause is the first again. */
const SETTLED = 10_000
/** How long a child may take to stop before it is killed. */
const STOP_PATIENCE = 5000

/** One supervised child: started, restarted when it dies, stopped when told, as an init system does. */
export class Child {
  readonly name: string
  readonly #spec: ChildSpec
  readonly #watcher: ChildWatcher
  #process: ChildProcess | undefined
  #wanted = false
  #pause = FIRST_PAUSE
  #retry: NodeJS.Timeout | undefined
  #restarts = 0

  constructor(spec: ChildSpec, watcher: ChildWatcher) {
    this.name = spec.name
    this.#spec = spec
    this.#watcher = watcher
  }

  /** Its process while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** How often it was started again after it had died. */
  get restarts(): number {
    return this.#restarts
  }

  start(): void {
    if (this.#wanted) return
    this.#wanted = true
    this.#spawn()
  }

  /** Stops it with `signal`, and with SIGKILL where that is not enough; resolves when it is gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#wanted = false
    clearTimeout(this.#retry)
    this.#pause = FIRST_PAUSE
    const child = this.#process
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.kill(signal)
    const patience = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE)
    await gone
    clearTimeout(patience)
  }

  #spawn(): void {
    const { name, words, environment, onMessage } = this.#spec
    const child = spawn(process.execPath, words, {
      env: environment,
      stdio: onMessage === undefined ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#process = child
    const since = Date.now()
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream as Readable }).on('line', (text) => this.#watcher.line(name, text))
    if (onMessage !== undefined) child.on('message', onMessage)
    child.on('error', (error) => this.#watcher.say(`${name} could not be started: ${error.message}`))
    child.once('spawn', () => {
      this.#watcher.say(`${name} started, pid ${child.pid}`)
      this.#watcher.changed()
    })
    child.once('exit', (code, signal) => {
      this.#process = undefined
      this.#watcher.changed()
      const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`
      if (!this.#wanted) {
        this.#watcher.say(`${name} (pid ${child.pid}) stopped`)
        return
      }
      if (code !== null && this.#spec.finalExits?.includes(code) === true) {
        this.#wanted = false
        this.#watcher.say(`${name} (pid ${child.pid}) ${how}: not started again until its configuration is mended`)
        return
      }
      if (Date.now() - since > SETTLED) this.#pause = FIRST_PAUSE
      this.#watcher.say(`${name} (pid ${child.pid}) ${how}, starts again in ${this.#pause} ms`)
      this.#retry = setTimeout(() => {
        this.#restarts++
        this.#spawn()
      }, this.#pause)
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE)
    })
  }
}
