import { Fault } from '@outrider/protocols/values'
import { callRoute, until } from '../../harness/index.ts'
import type { House } from '../house/house.ts'
import { Machine } from '../house/machine.ts'
import type { Noise } from '../noise.ts'
import { backTo, restingResources } from '../resources.ts'
import { type SoakOptions, type SoakResult, soak } from './heap.ts'

const never = new AbortController().signal

type Given = Pick<SoakOptions, 'cycles'> &
  Partial<Pick<SoakOptions, 'until' | 'tell' | 'flat'>> & {
    readonly noise: Noise
    /** How many machines do it side by side. */
    readonly machines: number
  }

/** Devices connect, are asked something over WS-MAN, and are cut, sent away, or leave: again and again. */
export const soakTunnels = (house: House, given: Given): Promise<SoakResult> =>
  withMachines(house, given, async (machines, noise) => ({
    name: 'CIRA connect, WS-MAN, disconnect',
    parallel: machines.length,
    warmUp: 0.35,
    most: { perCycle: 60, growth: 400 * 1024 },
    turn: async (index) => {
      const { uuid, firmware } = machines[index]!
      const entry = await until(() => house.mps.control.presence(house.project, uuid, never))
      await house.mps.control.powerState(house.project, uuid, never)
      await until(() => firmware.device.volatile.tunnel.at === 'connected')
      switch (noise.below(3)) {
        case 0:
          firmware.device.tunnel.cut()
          break
        case 1:
          firmware.device.tunnel.closeByRequest()
          break
        default:
          await disconnect(house, uuid)
      }
      await until(async () => (await house.mps.control.presence(house.project, uuid, never))?.epoch !== entry.epoch)
    },
  }))

/** Hosts are activated and deactivated, by agent, RPC, RPS and MPS. */
export const soakActivations = (house: House, given: Given): Promise<SoakResult> =>
  withMachines(house, given, async (machines) => {
    let turns = 0
    return {
      name: 'activate, reset, deactivate',
      parallel: machines.length,
      warmUp: 0.4,
      most: { perCycle: 6 * 1024, growth: 1024 * 1024 },
      turn: async (index) => {
        const { hostId } = machines[index]!
        for (const kind of ['deactivate', 'activate', 'reset'] as const) {
          const { id } = await house.request(hostId, kind, `turn ${++turns}`)
          const { life, fault } = await house.ended(id, 90_000)
          if (life !== 'succeeded') throw new Error(`${kind} ${life}: ${fault?.code} ${fault?.message}`)
        }
        machines[index]!.runs.length = 0
      },
    }
  })

/** As an operator does over REST. */
const disconnect = async (house: House, uuid: string): Promise<void> => {
  const path = `/api/v1/devices/disconnect/${uuid}`
  // Gone by itself in this moment: that is a disconnect too.
  await callRoute(house.host.table, 'DELETE', path, { project: house.project }).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== 'DEVICE_NOT_CONNECTED') throw error
  })
}

const withMachines = async (
  house: House,
  given: Given,
  make: (machines: readonly Machine[], noise: Noise) => Promise<Omit<SoakOptions, 'cycles'>>,
): Promise<SoakResult> => {
  const { noise, machines: count, ...rest } = given
  const resting = await restingResources()
  let result: SoakResult
  {
    await using opened = new AsyncDisposableStack()
    const machines: Machine[] = []
    for (let at = 0; at < count; at++) machines.push(opened.use(await Machine.start(house, noise.fork(), 'direct')))
    for (const { hostId } of machines) {
      const { id } = await house.request(hostId, 'activate', `${hostId} soak`)
      const { life, fault } = await house.ended(id, 90_000)
      if (life !== 'succeeded') throw new Error(`it could not be prepared: ${fault?.code}`)
    }
    result = await soak({ ...rest, ...(await make(machines, noise)) })
  }
  const { mps, rps } = house
  const wrong = [...result.wrong]
  await until(() => mps.connections === 0 && mps.tunnels === 0 && rps.sessions === 0, 30_000).catch(() =>
    wrong.push(`left: ${mps.connections} connections of devices, ${rps.sessions} provisioning sessions`),
  )
  wrong.push(...(await backTo(resting, 30_000)))
  return { ...result, wrong }
}
