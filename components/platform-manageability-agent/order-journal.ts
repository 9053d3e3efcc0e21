import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What this agent remembers of its last order over a restart, so that a restart in the middle changes nothing. */
export interface JournalEntry {
  readonly orderId: string
  readonly state: 'begun' | 'succeeded' | 'failed'
  readonly code: string
  readonly message: string
  readonly exitCode: number
  /** Of a failure whose fault is known whole. */
  readonly remedy?: string
  readonly kind?: string
}

export interface OrderJournal {
  last(): Promise<JournalEntry | undefined>
  /** Durable before it resolves: an order is begun only after it is written here. */
  write(entry: JournalEntry): Promise<void>
}

/** The journal in a file that is replaced whole. */
export const openOrderJournal = (path: string): OrderJournal => ({
  async last() {
    try {
      return JSON.parse(await readFile(path, 'utf8')) as JournalEntry
    } catch {
      // Never written, or cut by a crash of the machine: then the orchestrator's own record decides.
      return undefined
    }
  },
  async write(entry) {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 })
    const file = await open(`${path}.new`, 'w', 0o640)
    try {
      await file.writeFile(JSON.stringify(entry))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${path}.new`, path)
  },
})
