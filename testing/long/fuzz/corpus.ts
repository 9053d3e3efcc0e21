import type { Bytes } from '@outrider/protocols/values'
import { amthi } from '@outrider/sessions/local-management'
import { until } from '../../harness/index.ts'
import type { House } from '../house/house.ts'
import { Machine } from '../house/machine.ts'
import { isSettled } from '../matrix/run-case.ts'
import type { Noise } from '../noise.ts'

/** What passed the wires of one machine through its life, by kind: what fuzz begins from. */
export type Corpus = ReadonlyMap<string, readonly Bytes[]>

/** An activation, a reset and a deactivation, overheard. */
export const overhear = async (house: House, noise: Noise): Promise<Corpus> => {
  const heard = new Map<string, Bytes[]>()
  await using machine = await Machine.start(house, noise.fork())
  const tap = (kind: string, bytes: Bytes): void => {
    const all = heard.get(kind) ?? []
    heard.set(kind, all)
    all.push(bytes.slice())
  }
  machine.mei.tap = tap
  machine.rps.tap = tap
  machine.apf.tap = tap
  for (const kind of ['activate', 'reset', 'deactivate'] as const) {
    const { id } = await house.request(machine.hostId, kind, `${machine.hostId} ${kind}`)
    const { life, fault } = await house.ended(id, 60_000)
    if (life !== 'succeeded') throw new Error(`undisturbed, ${kind} ${life}: ${fault?.code}`)
    if (kind !== 'activate') continue
    await until(() => isSettled(machine))
    // What nobody asks in these.
    await amthi(machine.mei, { pause: async () => undefined }).getCiraLog(AbortSignal.timeout(5000))
  }
  return heard
}
