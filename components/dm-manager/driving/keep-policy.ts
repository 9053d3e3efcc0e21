import { type Host, type HostChange, withCondition, withoutConditions } from '@outrider/domain/hosts'
import { policyRequester } from '@outrider/domain/operations'
import type { Clock, DeviceControl, EventSink, Inventory, Random } from '@outrider/domain/ports'
import { legacyPowerOf, powerTable } from '@outrider/domain/power'
import { MOST_TRIES, orderSpan, type PolicySeen, planPolicy } from '@outrider/domain/reconcile'
import { Fault, type Guid, seconds, toHex } from '@outrider/protocols/values'
import type { Desk } from '../agents/desk.ts'
import type { DmManagerConfig } from '../config.ts'
import { type HostRef, keyOf } from '../host-ref.ts'
import type { Verdict } from './dispatcher.ts'
import type { Interests } from './interests.ts'

const DETECT_SPAN = orderSpan('detect')

export interface PolicyDeps {
  readonly config: DmManagerConfig
  readonly inventory: Inventory
  readonly control: DeviceControl
  readonly clock: Clock
  readonly random: Random
  readonly events: EventSink
  readonly desk: Desk
  readonly interests: Interests
}

/**
 * Looks at one host with a policy and does what it makes us do: as a rule nothing, sometimes an operation in the
 * policy's name. Everything it knows is read anew.
 */
export const keepPolicy = async (ref: HostRef, deps: PolicyDeps, signal: AbortSignal): Promise<Verdict> => {
  const { inventory, control, clock, config, interests } = deps
  const { project, hostId } = ref
  const host = await inventory.host(project, { id: hostId }, signal)
  if (host === undefined || host.policy === 'follow') return forget(ref, deps)
  const device = host.amtGuid ?? host.uuid
  // Before looking: what happens from here on is told.
  interests.set(keyOf(ref), project, device === undefined ? [] : [device])
  const seen = await observe(ref, deps, device, signal)
  const between = seconds(config.policyLookSeconds)
  let step = planPolicy(host, seen, between, clock.now())
  if (step.do === 'look') {
    const power = await readPower(() => control.powerState(project, device!, signal))
    if (power === undefined) return { idle: false, until: clock.now() + between }
    await inventory.changeHost(project, hostId, (row) => powerSeen(row, power, clock.now()), signal)
    step = planPolicy(host, { ...seen, power }, between, clock.now())
  }
  switch (step.do) {
    case 'nothing':
      return forget(ref, deps)
    case 'detect':
      askToDetect(ref, deps)
      return { idle: false, until: clock.now() + DETECT_SPAN }
    case 'look':
      throw new TypeError('a policy asked twice for the power state')
    case 'wait':
      return { idle: false, until: step.until }
    case 'request': {
      const { kind, key } = step
      const requester = policyRequester(host.policy)
      await inventory.request(project, hostId, { kind, requester, idempotencyKey: key }, signal)
      return { idle: false, until: clock.now() + between }
    }
    case 'give-up': {
      const condition = { type: 'policy-gave-up', fault: step.fault, since: clock.now() } as const
      await inventory.changeHost(project, hostId, (row) => ({ conditions: withCondition(row, condition) }), signal)
      deps.events.emit('policy.gave-up', { host: hostId, policy: host.policy })
      return { idle: false, until: clock.now() + between }
    }
    case 'recovered':
      await inventory.changeHost(
        project,
        hostId,
        (row) => ({ conditions: withoutConditions(row, 'policy-gave-up') }),
        signal,
      )
      return { idle: false, until: clock.now() + between }
  }
}

/** A device that does not answer just now is looked at again later: what is wrong with it is others' to tell. */
const readPower = async (read: () => Promise<number>): Promise<number | undefined> => {
  try {
    return await read()
  } catch (error) {
    if (Fault.from(error).kind === 'bug') throw error
    return undefined
  }
}

/** An order for no operation: whichever comes takes its place. */
const askToDetect = (ref: HostRef, { desk, clock, random }: PolicyDeps): void => {
  if (desk.current(ref) !== undefined) return
  const id = `or-${toHex(random.bytes(10))}`
  desk.offer(ref, { id, operationId: '', kind: 'detect', deadline: clock.now() + DETECT_SPAN })
}

const forget = (ref: HostRef, { interests }: PolicyDeps): Verdict => {
  interests.forget(keyOf(ref))
  return { idle: true }
}

const observe = async (
  { project, hostId }: HostRef,
  { inventory, control, desk }: PolicyDeps,
  device: Guid | undefined,
  signal: AbortSignal,
): Promise<PolicySeen> => {
  const { items: last } = await inventory.operations(project, { hostId, limit: MOST_TRIES }, signal)
  const unfinished = { hostId, lives: ['queued', 'running'], limit: 1 } as const
  const { items: pending } = await inventory.operations(project, unfinished, signal)
  const present = device === undefined ? undefined : await control.presence(project, device, signal)
  return {
    last,
    pending: pending.length > 0,
    connected: present !== undefined,
    agentListening: desk.agent({ project, hostId }).listening,
  }
}

/** What the record says of the power, where the machine was seen to have changed it by itself. */
const powerSeen = (host: Host, state: number, at: number): HostChange | undefined => {
  const power = legacyPowerOf(state)
  const kind = ({ on: 'power-on', off: 'power-off', sleep: 'sleep', hibernate: 'hibernate' } as const)[
    power as 'on' | 'off' | 'sleep' | 'hibernate'
  ]
  const isOn = ['on', 'reset', 'reset-repeat', 'power-cycle', 'unspecified'].includes(host.currentPower)
  if (kind === undefined || power === host.currentPower || (power === 'on' && isOn)) return undefined
  return { currentPower: power, powerStatus: { text: powerTable[kind].done, indicator: 'idle', at } }
}
