import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * Ends what a supervisor that was killed has left behind: the processes of its `pids.json` that still belong to
 * this machine, by what they were started with. Somebody else's process that has such a pid by now is left alone.
 */
export const endStaleChildren = async (pidsFile: string, folder: string): Promise<void> => {
  for (const pid of await recorded(pidsFile)) {
    if (!(await belongsTo(pid, folder))) continue
    end(pid, 'SIGTERM')
    for (let tries = 0; tries < 50 && (await belongsTo(pid, folder)); tries++) await pause(100)
    if (await belongsTo(pid, folder)) end(pid, 'SIGKILL')
  }
}

const recorded = async (pidsFile: string): Promise<readonly number[]> => {
  try {
    const pids = JSON.parse(await readFile(pidsFile, 'utf8')) as Readonly<Record<string, unknown>>
    return Object.entries(pids).flatMap(([name, pid]) =>
      name !== 'supervisor' && typeof pid === 'number' ? [pid] : [],
    )
  } catch {
    return []
  }
}

const belongsTo = async (pid: number, folder: string): Promise<boolean> => {
  const told = await Promise.all(
    ['cmdline', 'environ'].map((what) => readFile(`/proc/${pid}/${what}`, 'utf8').catch(() => '')),
  )
  return told.some((text) => text.includes(folder))
}

const end = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}
