import type { ControlAddress } from '@outrider/firmware'
import type { Command } from 'commander'
import {
  controlAddress,
  type FirmwareFlags,
  firmwareOf,
  type IdentityFlags,
  identityOf,
  makeOf,
  withFirmware,
  withIdentity,
} from './firmware-options.ts'
import { startMachine } from './machine.ts'
import { untilStopped } from './until-stopped.ts'

interface Flags extends IdentityFlags, FirmwareFlags {
  readonly meiSocket: string
  readonly flash: string
  readonly control?: ControlAddress
}

/** What the firmware process tells the supervisor that started it, over their channel. */
export type FirmwareMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'os'; readonly running: boolean; readonly graceful: boolean }
  | { readonly type: 'event'; readonly line: string }

/** `amt-simulator firmware`: one firmware in this process. */
export const firmwareCommand = (program: Command): void => {
  withFirmware(withIdentity(program.command('firmware')))
    .description('run the firmware of one machine, without agents')
    .requiredOption('--mei-socket <path>', 'Unix socket that stands for /dev/mei0')
    .requiredOption('--flash <file>', 'where its state is kept')
    .option('--control <address>', 'control API: a Unix socket or a loopback port', controlAddress)
    .action(run)
}

const run = async (flags: Flags): Promise<void> => {
  await using machine = await startMachine({
    ...firmwareOf(flags),
    identity: { ...makeOf(flags), ...identityOf(flags) },
    flashFile: flags.flash,
    meiSocket: flags.meiSocket,
    control: flags.control,
  })
  const { firmware, controlPort } = machine
  const tell = (message: FirmwareMessage): void => {
    if (process.connected) process.send?.(message)
    else if (message.type === 'event') console.log(message.line)
  }
  const say = (line: string): void => tell({ type: 'event', line })
  firmware.events.on('power', ({ from, to, boot }) => say(`power ${from} -> ${to}${boot ? ' (boot)' : ''}`))
  firmware.events.on('controlMode', ({ from, to }) => say(`control mode ${from} -> ${to}`))
  firmware.events.on('tunnel', ({ at, reason, server }) =>
    say(`tunnel ${at}${server === null ? '' : ` ${server}`}${reason === '' ? '' : `: ${reason}`}`),
  )
  firmware.events.on('disturbed', (disturbance) => say(`disturbed: ${JSON.stringify(disturbance)}`))
  firmware.events.on('screen', ({ consentCode }) => {
    if (consentCode !== null) say('the screen shows a consent code')
  })
  firmware.events.on('os', (os) =>
    tell({ type: 'os', running: os.running, graceful: os.running ? false : os.graceful }),
  )
  const { uuid, smbiosUuid } = firmware.identity
  say(`firmware ${firmware.identity.version} of ${flags.serial}, AMT ${uuid}, SMBIOS ${smbiosUuid}`)
  if (flags.control !== undefined)
    say(`control API on ${'path' in flags.control ? flags.control.path : `127.0.0.1:${controlPort}`}`)
  const { running } = firmware.device.store.now.host.os
  tell({ type: 'os', running, graceful: false })
  tell({ type: 'ready' })
  await untilStopped()
}
