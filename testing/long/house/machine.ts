import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createFirmware, type Dial, type Firmware } from '@outrider/firmware'
import {
  connectManager,
  type ManagerClient,
  type OrderJournal,
  type RpcResult,
  runManageabilityAgent,
} from '@outrider/platform-manageability-agent'
import { type Guid, guid, seconds } from '@outrider/protocols/values'
import { readSystem, runRpc } from '@outrider/rpc'
import { realRandom, until } from '../../harness/index.ts'
import type { Noise } from '../noise.ts'
import { ApfWire } from '../wires/apf-wire.ts'
import { MeiWire } from '../wires/mei-wire.ts'
import { RpsWire } from '../wires/rps-wire.ts'
import { TcpWire } from '../wires/tcp-wire.ts'
import { ADMIN_SUFFIX, type House, SPEED } from './house.ts'

/** One run of RPC, and how it ended. */
export interface RpcRun extends RpcResult {
  readonly command: string
}

/** A machine: simulated firmware, its operating system with our agent, and the wires between it and the house. */
export class Machine implements AsyncDisposable {
  readonly hostId: string
  readonly uuid: Guid
  readonly firmware: Firmware
  readonly mei: MeiWire
  readonly rps: RpsWire
  /** Under the WebSocket to RPS. */
  readonly rpsTcp: TcpWire
  /** In the tunnel. */
  readonly apf: ApfWire
  /** Under the tunnel's TLS. */
  readonly ciraTcp: TcpWire
  readonly runs: RpcRun[] = []
  readonly #opened: AsyncDisposableStack

  private constructor(
    parts: Pick<Machine, 'hostId' | 'uuid' | 'firmware' | 'mei' | 'rps' | 'rpsTcp' | 'apf' | 'ciraTcp' | 'runs'>,
    opened: AsyncDisposableStack,
  ) {
    this.hostId = parts.hostId
    this.uuid = parts.uuid
    this.firmware = parts.firmware
    this.mei = parts.mei
    this.rps = parts.rps
    this.rpsTcp = parts.rpsTcp
    this.apf = parts.apf
    this.ciraTcp = parts.ciraTcp
    this.runs = parts.runs
    this.#opened = opened
  }

  /**
   * Registers a host, switches its machine on and waits until its agent has been heard of. `direct`: nobody stands
   * between firmware and MPS.
   */
  static async start(house: House, noise: Noise, way: 'watched' | 'direct' = 'watched'): Promise<Machine> {
    const opened = new AsyncDisposableStack()
    try {
      return await Machine.#start(house, noise, way, opened)
    } catch (error) {
      await opened.disposeAsync()
      throw error
    }
  }

  static async #start(
    house: House,
    noise: Noise,
    way: 'watched' | 'direct',
    opened: AsyncDisposableStack,
  ): Promise<Machine> {
    const uuid = guid(randomUUID())
    const serial = `LONG${uuid.slice(0, 8).toUpperCase()}`
    const hostId = await house.register({ name: serial.toLowerCase(), serialNumber: serial, uuid })

    const ciraTcp = opened.use(await TcpWire.open(house.ciraPort, noise.fork()))
    const apf = opened.use(await ApfWire.open(ciraTcp.port, house.identity, noise.fork()))
    const dial: Dial = async (_host, _port, signal) => {
      const socket = connect({
        host: '127.0.0.1',
        port: way === 'direct' ? house.ciraPort : apf.port,
        noDelay: true,
        signal,
      })
      await once(socket, 'connect', { signal })
      return socket
    }
    const firmware = opened.use(
      createFirmware({
        identity: {
          serial,
          uuid,
          pkiDnsSuffix: ADMIN_SUFFIX,
          trustedHashes: [{ name: 'of the house', hash: house.rootHash, isDefault: false, isActive: true }],
        },
        timing: 'zero',
        timingOverrides: {
          connectDeadline: seconds(4),
          httpIdle: seconds(8),
          backoff: [50, 100, 200],
          reconnect: 5,
        },
        dial,
        lmsPresent: true,
      }),
    )
    const mei = new MeiWire(firmware.engine, noise.fork())
    const rpsTcp = opened.use(await TcpWire.open(house.port, noise.fork()))
    const rps = new RpsWire(rpsTcp, noise.fork())
    const runs: RpcRun[] = []
    const machine = new Machine({ hostId, uuid, firmware, mei, rps, rpsTcp, apf, ciraTcp, runs }, opened)
    await machine.#startAgent(house, serial, opened)
    await until(async () => {
      const host = await house.inventory.inventory.host(house.project, { id: hostId }, new AbortController().signal)
      return host?.detection?.support === 'amt'
    })
    return machine
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync()
  }

  async #startAgent(house: House, serial: string, opened: AsyncDisposableStack): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'outrider-long-'))
    opened.defer(() => rm(folder, { recursive: true, force: true }))
    const caFile = join(folder, 'ca.crt')
    await writeFile(caFile, house.identity.cert)
    const manager = connectManager({
      url: house.origin,
      ca: Buffer.from(house.identity.cert),
      machine: { uuid: this.uuid, serial },
      tokenPath: '',
      token: async () => house.token('agent', this.hostId),
    })
    opened.defer(() => manager.close())
    const stop = new AbortController()
    let last: Awaited<ReturnType<OrderJournal['last']>>
    const running = runManageabilityAgent(
      {
        config: {
          OUTRIDER_URL: house.origin,
          OUTRIDER_RPS_URL: `wss://127.0.0.1:${house.port}/activate`,
          OUTRIDER_STATE_DIR: folder,
          OUTRIDER_DMI_DIR: folder,
          OUTRIDER_DETECT_SECONDS: 600,
          OUTRIDER_POLL_SECONDS: 10,
        },
        manager: hurried(manager),
        rpc: { run: (words, environment, signal) => this.#runRpc(caFile, words, environment, signal) },
        journal: {
          last: async () => last,
          write: async (entry) => {
            last = entry
          },
        },
        clock: house.clock,
        random: realRandom,
        events: house.events,
      },
      stop.signal,
    )
    opened.defer(async () => {
      stop.abort(new Error('the operating system ended'))
      await running
    })
  }

  async #runRpc(
    caFile: string,
    words: readonly string[],
    environment: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<RpcResult> {
    const output = { stdout: '', stderr: '' }
    const exitCode = await runRpc(words, {
      env: { ...environment, RPC_CA_FILE: caFile },
      mei: this.mei,
      lmsAddress: undefined,
      dialRps: this.rps.dial,
      system: readSystem,
      readFile: (path) => readFile(path, 'utf8'),
      build: { version: '0.0.0', commit: '', date: '', runtime: 'node', platform: 'linux/amd64' },
      stdout: (text) => {
        output.stdout += text
      },
      stderr: (text) => {
        output.stderr += text
      },
      now: () => new Date(),
      pause: (span, until) => pause(span / SPEED, undefined, { signal: until }),
      patience: { silence: seconds(1), opening: seconds(2), answer: seconds(3), server: seconds(8) },
      signal,
    })
    this.runs.push({ command: words[0] ?? '', exitCode, ...output })
    return { exitCode, ...output }
  }
}

/** The orders name their deadlines in seconds of the house. */
const hurried = (manager: ManagerClient): ManagerClient => ({
  ...manager,
  async *orders(signal) {
    for await (const order of manager.orders(signal))
      yield { ...order, deadlineSeconds: Math.ceil(order.deadlineSeconds / SPEED) }
  },
})
