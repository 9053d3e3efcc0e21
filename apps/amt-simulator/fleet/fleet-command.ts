import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ControlAddress, type Firmware, serveControl } from '@outrider/firmware'
import { Sweeper } from '@outrider/sessions/cira'
import { type Command, InvalidArgumentError } from 'commander'
import { controlAddress, type FirmwareFlags, firmwareOf, makeOf, withFirmware } from '../firmware-options.ts'
import { startMachine } from '../machine.ts'
import { defaultFolder, machinePaths, writeDmi } from '../paths.ts'
import { untilStopped } from '../until-stopped.ts'

interface Flags extends FirmwareFlags {
  readonly count: number
  readonly first: number
  readonly prefix: string
  readonly stateDir?: string
  readonly envDir?: string
  readonly control?: ControlAddress
}

const positive = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It is not a number from 1 on.')
  return value
}

/** `amt-simulator fleet`: many machines in this one process, each with its firmware and its MEI socket. */
export const fleetCommand = (program: Command): void => {
  withFirmware(program.command('fleet'))
    .description('run many simulated machines in one process')
    .requiredOption('--count <n>', 'how many machines', positive)
    .option('--first <n>', 'number of the first one', positive, 1)
    .option('--prefix <text>', 'what serial numbers begin with', 'FLEET')
    .option('--env-dir <folder>', 'environment files of the machines, SERIAL.env each; with them the agents run too')
    .option('--state-dir <folder>', 'where the machines are kept, a folder each')
    .option('--control <address>', 'control API of all of them: a Unix socket or a loopback port', controlAddress)
    .action(run)
}

/** Serial number of the machine with this number: the prefix and five digits. */
export const fleetSerial = (prefix: string, number: number): string => `${prefix}${String(number).padStart(5, '0')}`

const run = async (flags: Flags): Promise<void> => {
  const folder = flags.stateDir ?? defaultFolder('fleet')
  const sweeper = new Sweeper()
  // The agents bring gRPC, WebSockets and more: only where they run.
  const { FleetAgents } = flags.envDir === undefined ? {} : await import('./fleet-agents.ts')
  await using running = new AsyncDisposableStack()
  const machines = new Map<string, Firmware>()
  const listed: object[] = []
  for (let number = flags.first; number < flags.first + flags.count; number++) {
    const serial = fleetSerial(flags.prefix, number)
    const paths = machinePaths(join(folder, serial))
    await mkdir(paths.folder, { recursive: true, mode: 0o700 })
    const say = (line: string): void => console.log(`${serial} ${line}`)
    const agents =
      flags.envDir === undefined || FleetAgents === undefined
        ? undefined
        : new FleetAgents({ serial, paths, envFile: join(flags.envDir, `${serial}.env`), say })
    const machine = running.use(
      await startMachine({
        ...firmwareOf(flags),
        identity: { ...makeOf(flags), serial },
        sweeper,
        flashFile: paths.flash,
        meiSocket: paths.mei,
      }),
    )
    machines.set(serial, machine.firmware)
    const { uuid, smbiosUuid } = machine.firmware.identity
    await writeDmi(paths, serial, smbiosUuid)
    if (agents !== undefined) {
      running.defer(() => agents.stop())
      machine.firmware.events.on('os', ({ running: up }) => {
        if (up) agents.start()
        else void agents.stop()
      })
      if (machine.firmware.device.store.now.host.os.running) agents.start()
    }
    listed.push({ serial, uuid: smbiosUuid, amtUuid: uuid, meiSocket: paths.mei, stateDir: paths.folder })
  }
  if (flags.control !== undefined) {
    const server = running.use(await serveControl(machines, flags.control))
    console.log(`control API on ${'path' in flags.control ? flags.control.path : `127.0.0.1:${server.port}`}`)
  }
  const list = join(folder, 'fleet.json')
  await writeFile(`${list}.new`, `${JSON.stringify(listed, null, 2)}\n`)
  await rename(`${list}.new`, list)
  console.log(`${flags.count} machines, listed in ${list}`)
  await untilStopped()
}
