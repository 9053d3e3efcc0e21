import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { firmwareFaults } from '../faults.ts'
import type { FlashState } from './flash-state.ts'

/**
 * Where a firmware's state is kept. Synchronous on purpose: a state change is in flash before its answer is on
 * the wire, so a kill at any moment leaves either the old state or the new one.
 */
export interface Flash {
  /** `undefined` where this device has never been started. Throws `FIRMWARE_FLASH_UNREADABLE`. */
  load(): FlashState | undefined
  save(state: FlashState): void
}

/** Kept as long as the process lives. Holds text, so nobody shares objects with the firmware. */
export const memoryFlash = (): Flash => {
  let kept: string | undefined
  return {
    load: () => (kept === undefined ? undefined : (JSON.parse(kept) as FlashState)),
    save: (state) => {
      kept = JSON.stringify(state)
    },
  }
}

/** One JSON file, replaced as a whole. It holds the device's secrets, so only its owner may read it. */
export const fileFlash = (path: string): Flash => ({
  load: () => {
    let json: string
    try {
      json = readFileSync(path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw firmwareFaults.FIRMWARE_FLASH_UNREADABLE({ path }, error)
    }
    try {
      const state = JSON.parse(json) as FlashState
      if (state.format !== 1) throw new TypeError(`flash format ${String(state.format)}`)
      return state
    } catch (error) {
      throw firmwareFaults.FIRMWARE_FLASH_UNREADABLE({ path }, error)
    }
  },
  save: (state) => {
    const beside = `${path}.new`
    mkdirSync(dirname(path), { recursive: true })
    // The rename is what makes it atomic for whoever kills this process. Not flushed to the disk: a simulated
    // device need not survive its host's loss of power, and fifty of them share one thread.
    writeFileSync(beside, JSON.stringify(state), { mode: 0o600 })
    renameSync(beside, path)
  },
})
