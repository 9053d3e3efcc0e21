/**
 * Waits until commits are on the disk, many at a time and beside the event loop: while one sync runs, the commits
 * that come in wait together for the next.
 */
export class GroupSync {
  readonly #sync: () => Promise<void>
  #committed = 0
  #durable = 0
  #running: Promise<void> | undefined

  /** `sync` resolves when everything that was written before it was called is on the disk. */
  constructor(sync: () => Promise<void>) {
    this.#sync = sync
  }

  /** Something was committed just now. */
  committed(): void {
    this.#committed += 1
  }

  /** Resolves when everything that is committed by now is durable; throws what `sync` throws. */
  async settle(): Promise<void> {
    const wanted = this.#committed
    while (this.#durable < wanted) {
      this.#running ??= this.#run()
      await this.#running
    }
  }

  async #run(): Promise<void> {
    const covered = this.#committed
    try {
      await this.#sync()
      this.#durable = covered
    } finally {
      this.#running = undefined
    }
  }
}
