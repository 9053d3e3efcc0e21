import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'

/** Everything of one simulated machine on disk. */
export interface MachinePaths {
  readonly folder: string
  readonly flash: string
  readonly mei: string
  readonly control: string
  /** What the agents of the machine take for `/sys/class/dmi/id`. */
  readonly dmi: string
  /** State of the agents. */
  readonly agents: string
  readonly pids: string
}

/** Longest path of a Unix socket, in bytes, without the NUL at its end. */
const SOCKET_PATH_LIMIT = 107

/** Paths inside `folder`; sockets go to the temporary folder where their path would be too long. */
export const machinePaths = (folder: string): MachinePaths => {
  const absolute = resolve(folder)
  const longest = join(absolute, 'control.sock')
  const sockets =
    Buffer.byteLength(longest) <= SOCKET_PATH_LIMIT
      ? absolute
      : join(
          tmpdir(),
          `amt-simulator-${userInfo().uid}-${createHash('sha256').update(absolute).digest('hex').slice(0, 16)}`,
        )
  return {
    folder: absolute,
    flash: join(absolute, 'flash.json'),
    mei: join(sockets, 'mei.sock'),
    control: join(sockets, 'control.sock'),
    dmi: join(absolute, 'dmi'),
    agents: join(absolute, 'agents'),
    pids: join(absolute, 'pids.json'),
  }
}

/** Where machines are kept when nobody says otherwise. */
export const defaultFolder = (name: string): string =>
  join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'outrider', 'machines', name)

/** Writes what the agents read of the machine's SMBIOS. */
export const writeDmi = async ({ dmi }: MachinePaths, serial: string, uuid: string): Promise<void> => {
  await mkdir(dmi, { recursive: true })
  await writeFile(join(dmi, 'product_serial'), `${serial}\n`)
  await writeFile(join(dmi, 'product_uuid'), `${uuid}\n`)
}
