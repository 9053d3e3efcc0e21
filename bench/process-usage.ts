import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** What a process has used, from `/proc`. */
export interface Usage {
  readonly cpuSeconds: number
  readonly residentBytes: number
}

const TICKS_PER_SECOND = 100

export const usageOf = (pid: number): Usage => {
  // The name of the program stands in parentheses and may contain anything.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    residentBytes: Number(resident) * 1024,
  }
}

/** Preloads a program with what `residentAfterCollection` needs. */
export const collectable = `--import=${new URL('load/collect-on-signal.ts', import.meta.url).href}`

const COLLECTING = 2000

/** What is resident once garbage is collected, of a program that was started with `collectable`. */
export const residentAfterCollection = async (pid: number): Promise<number> => {
  process.kill(pid, 'SIGUSR2')
  await pause(COLLECTING)
  return usageOf(pid).residentBytes
}
