import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { makeIdentity } from '@outrider/firmware'
import type { Command } from 'commander'
import type { FirmwareMessage } from '../firmware-command.ts'
import {
  type FirmwareFlags,
  firmwareWords,
  type IdentityFlags,
  identityOf,
  withFirmware,
  withIdentity,
} from '../firmware-options.ts'
import { defaultFolder, machinePaths, writeDmi } from '../paths.ts'
import { untilStopped } from '../until-stopped.ts'
import { Child, type ChildWatcher } from './child.ts'
import { readEnvironmentFile } from './environment-file.ts'
import { endStaleChildren } from './stale-children.ts'

interface Flags extends IdentityFlags, FirmwareFlags {
  readonly env: string
  readonly stateDir?: string
  readonly osAlwaysUp?: boolean
}

/** `amt-simulator node`: one machine, its firmware and its agents, each a process of its own. */
export const nodeCommand = (program: Command): void => {
  withFirmware(withIdentity(program.command('node')))
    .description('run one simulated machine: firmware, node agent and Platform Manageability Agent')
    .requiredOption('--env <file>', 'environment of the agents, from `orch-cli generate agent-env`')
    .option('--state-dir <folder>', 'where the machine is kept; by default a folder of its serial number')
    .option('--os-always-up', 'the agents keep running whatever the power state')
    .action(run)
}

const EX_CONFIG = 78
const edgeNode = resolve(import.meta.dirname, '../../edge-node')

const run = async (flags: Flags): Promise<void> => {
  const paths = machinePaths(flags.stateDir ?? defaultFolder(flags.serial))
  const identity = makeIdentity(identityOf(flags))
  await mkdir(paths.agents, { recursive: true, mode: 0o700 })
  await writeDmi(paths, identity.serial, identity.smbiosUuid)
  await endStaleChildren(paths.pids, paths.folder)

  const inherited = plainEnvironment()
  const environment = {
    ...inherited,
    ...(await readEnvironmentFile(flags.env)),
    OUTRIDER_MEI_SOCKET: paths.mei,
    OUTRIDER_STATE_DIR: paths.agents,
    OUTRIDER_DMI_DIR: paths.dmi,
  }

  let stopping = false
  const say = (line: string): void => console.log(`amt-simulator ${new Date().toISOString()} ${line}`)
  const pids = pidFile(paths.pids)
  const watcher: ChildWatcher = {
    say,
    line: (name, text) => console.log(`${name} | ${text}`),
    changed: () => pids.write([firmware, ...agents]),
  }
  const agent = (name: string, program: string): Child =>
    new Child({ name, words: [join(edgeNode, program)], environment, finalExits: [EX_CONFIG] }, watcher)
  const agents: readonly Child[] = [
    agent('node-agent', 'node-agent.ts'),
    agent('platform-manageability-agent', 'pm-agent.ts'),
  ]
  // The operating system of the machine, as far as there is one: its agents run while it does.
  let turn: Promise<unknown> = Promise.resolve()
  const operatingSystem = (running: boolean, graceful: boolean): void => {
    turn = turn.then(async () => {
      if (stopping) return
      if (running) for (const each of agents) each.start()
      else if (flags.osAlwaysUp !== true) {
        say(`the operating system ${graceful ? 'shut down' : 'lost power'}`)
        await Promise.all(agents.map((each) => each.stop(graceful ? 'SIGTERM' : 'SIGKILL')))
      }
    })
  }
  const firmware = new Child(
    {
      name: 'firmware',
      words: [
        resolve(import.meta.dirname, '../main.ts'),
        'firmware',
        ...firmwareWords(flags, flags),
        '--mei-socket',
        paths.mei,
        '--flash',
        paths.flash,
        '--control',
        paths.control,
      ],
      environment: inherited,
      onMessage: (message) => {
        const told = message as FirmwareMessage
        if (told.type === 'event') say(`firmware: ${told.line}`)
        else if (told.type === 'os') operatingSystem(told.running, told.graceful)
      },
    },
    watcher,
  )
  say(`machine ${identity.serial}, SMBIOS ${identity.smbiosUuid}, AMT ${identity.uuid}, in ${paths.folder}`)
  firmware.start()
  await untilStopped()
  stopping = true
  say('stopping')
  await turn
  for (const each of [...agents].reverse()) await each.stop()
  await firmware.stop()
  await pids.settled()
}

/** What any service inherits: nothing of the shell this was typed in, which may hold an operator's secrets. */
const plainEnvironment = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && /^(PATH|HOME|USER|LANG|TZ|TMPDIR|(LC|NODE|XDG)_\w+)$/.test(name) ? [[name, value]] : [],
    ),
  )

/** `pids.json`: who runs now, by name; `null` for one that does not. */
const pidFile = (path: string) => {
  let turn: Promise<unknown> = Promise.resolve()
  return {
    write: (children: readonly Child[]): void => {
      const pids = Object.fromEntries(children.map((each) => [each.name, each.pid ?? null]))
      turn = turn.then(async () => {
        await writeFile(`${path}.new`, `${JSON.stringify({ supervisor: process.pid, ...pids }, null, 2)}\n`)
        await rename(`${path}.new`, path)
      })
    },
    settled: () => turn,
  }
}
