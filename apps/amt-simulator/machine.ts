import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import {
  type ControlAddress,
  createFirmware,
  type Dial,
  type Firmware,
  type FirmwareOptions,
  fileFlash,
  serveControl,
} from '@outrider/firmware'
import { serveMeiSocket } from '@outrider/mei-socket'

/** The network of a simulated machine is that of the machine it runs on. */
export const dialTcp: Dial = async (host, port, signal) => {
  const socket = connect({ host, port, noDelay: true, signal })
  await once(socket, 'connect', { signal })
  return socket
}

export interface MachineOptions extends Omit<FirmwareOptions, 'flash' | 'dial'> {
  readonly flashFile: string
  readonly meiSocket: string
  /** Left out: no control API of its own. */
  readonly control?: ControlAddress | undefined
}

/** One firmware with its flash file, its MEI socket and its control API, until it is disposed. */
export interface Machine extends AsyncDisposable {
  readonly firmware: Firmware
  readonly controlPort: number
}

/** Throws `FIRMWARE_FLASH_UNREADABLE`, and the faults of the MEI socket. */
export const startMachine = async (options: MachineOptions): Promise<Machine> => {
  const { flashFile, meiSocket, control, ...rest } = options
  await mkdir(dirname(meiSocket), { recursive: true, mode: 0o700 })
  const firmware = createFirmware({ ...rest, flash: fileFlash(flashFile), dial: dialTcp })
  await using started = new AsyncDisposableStack()
  started.use(firmware)
  started.use(await serveMeiSocket(meiSocket, firmware.engine, new AbortController().signal))
  const server = control === undefined ? undefined : started.use(await serveControl(firmware, control))
  const running = started.move()
  return {
    firmware,
    controlPort: server?.port ?? 0,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
