interface Step {
  readonly step: string
  readonly outcome: 'ok' | 'FAILED'
  readonly milliseconds: number
  readonly detail: string
}

/** The steps of the demo as they go, and the table at its end. */
export class Steps {
  readonly #json: boolean
  readonly #steps: Step[] = []
  readonly #notes: string[] = []
  readonly #began = performance.now()
  #processes: Readonly<Record<string, readonly number[]>> = {}

  constructor(json: boolean) {
    this.#json = json
  }

  /** Whether every step so far held. */
  get held(): boolean {
    return this.#steps.length > 0 && this.#steps.every(({ outcome }) => outcome === 'ok')
  }

  /** Runs one step; what it returns is shown in one line. Throws on where the step does. */
  async run(step: string, work: () => Promise<string | undefined>): Promise<void> {
    const began = performance.now()
    if (!this.#json && process.stdout.isTTY) process.stdout.write(`… ${step}\r`)
    const end = (outcome: Step['outcome'], detail: string): void => {
      const milliseconds = Math.round(performance.now() - began)
      this.#steps.push({ step, outcome, milliseconds, detail })
      if (!this.#json)
        process.stdout.write(
          `${outcome === 'ok' ? '✔' : '✘'} ${step.padEnd(48)} ${String(milliseconds).padStart(6)} ms\n`,
        )
    }
    try {
      const detail = (await work()) ?? ''
      end('ok', detail.trim().split('\n').at(-1) ?? '')
    } catch (error) {
      end('FAILED', error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  note(text: string): void {
    this.#notes.push(text)
  }

  processes(pids: Readonly<Record<string, readonly number[]>>): void {
    this.#processes = pids
  }

  print(): void {
    const seconds = (performance.now() - this.#began) / 1000
    if (this.#json) {
      const { held } = this
      console.log(
        JSON.stringify({ held, seconds, processes: this.#processes, steps: this.#steps, notes: this.#notes }, null, 2),
      )
      return
    }
    console.log('\nstep                                             outcome      time  detail')
    for (const { step, outcome, milliseconds, detail } of this.#steps)
      console.log(
        `${step.padEnd(48)} ${outcome.padEnd(8)} ${String(milliseconds).padStart(5)} ms  ${detail.slice(0, outcome === 'ok' ? 90 : 4000)}`,
      )
    for (const [name, pids] of Object.entries(this.#processes)) console.log(`process ${name}: pid ${pids.join(', ')}`)
    for (const note of this.#notes) console.log(note)
    console.log(`${this.held ? 'all held' : 'NOT all held'} in ${seconds.toFixed(1)} s`)
  }
}
