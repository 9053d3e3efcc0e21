import { join } from 'node:path'
import { EventLog } from './event-log.ts'
import { askControl, type FirmwareView } from './node.ts'
import { Program } from './program.ts'

/** Many simulated machines in one process: firmware, MEI sockets, agents and RPC of each. */
export class Fleet {
  readonly serials: readonly string[]
  readonly log = new EventLog()
  readonly #folder: string
  readonly #envFolder: string
  #program: Program | undefined

  /** Environment files are `SERIAL.env` in `envFolder`, and there before it starts. */
  constructor(options: { readonly count: number; readonly folder: string; readonly envFolder: string }) {
    this.serials = Array.from({ length: options.count }, (_, index) => `FLEET${String(index + 1).padStart(5, '0')}`)
    this.#folder = options.folder
    this.#envFolder = options.envFolder
  }

  start(): void {
    const words = [
      ...['apps/amt-simulator/main.ts', 'fleet', '--count', String(this.serials.length), '--timing', 'zero'],
      ...['--env-dir', this.#envFolder, '--state-dir', this.#folder, '--control', join(this.#folder, 'control.sock')],
    ]
    this.#program = new Program('fleet', words, {}, (line) => this.log.take(line))
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('the fleet was not started')
    return this.#program
  }

  firmware(serial: string): Promise<FirmwareView> {
    return askControl<FirmwareView>(join(this.#folder, 'control.sock'), `/${serial}`)
  }

  async stop(): Promise<void> {
    await this.#program?.stop()
  }
}
