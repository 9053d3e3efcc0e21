import type { LoggedEvent } from '../deployment/index.ts'

export const victims = ['orchestrator', 'agent', 'rpc', 'firmware'] as const
/** Who is killed; `agent` is the Platform Manageability Agent. */
export type Victim = (typeof victims)[number]
/** `deactivate-locally`: the device is cut off from its network, so that its agent has to do it. */
export type Act = 'activate' | 'deactivate' | 'deactivate-locally' | 'reset' | 'power-cycle'

/** Something a log says of an operation that is under way, after which somebody is killed. */
export interface Moment {
  readonly name: string
  readonly is: (event: LoggedEvent, of: { readonly operation: string; readonly guid: string }) => boolean
  /** How long the kill may wait after it, in milliseconds. */
  readonly span: number
}

const SHORT = 40
/** Of RPC, most of whose life is its start. */
const START = 500

const named = (event: string, span = SHORT): Moment => ({
  name: event,
  is: (seen, { operation }) => seen.event === event && seen.operation === operation,
  span,
})
const step = (event: string, name: string): Moment => ({
  name,
  is: (seen, { operation }) => seen.event === event && seen.step === name && seen.operation === operation,
  span: SHORT,
})
const rpc = (command: string): Moment => ({
  name: `rpc ${command} started`,
  is: ({ event, command: ran, code }) => event === 'agent.rpc' && ran === command && code === undefined,
  span: START,
})
const connected: Moment = {
  name: 'cira.connected',
  is: ({ event, guid }, of) => event === 'cira.connected' && guid === of.guid,
  span: SHORT,
}

const provisioning = [
  'started',
  'activated',
  'network-started',
  'network',
  'features-started',
  'features',
  'cira-started',
  'registered',
  'cira',
].map((name) => step('provisioning.step', name))

const moments: Readonly<Record<Act, readonly Moment[]>> = {
  activate: [
    named('operation.requested'),
    named('order.offered'),
    step('operation.step', 'agent-running'),
    rpc('activate'),
    named('provisioning.admitted'),
    ...provisioning,
    named('provisioning.ended'),
    connected,
    named('operation.ended'),
  ],
  deactivate: [
    named('operation.requested'),
    step('operation.step', 'deactivating'),
    step('operation.step', 'deactivated'),
    named('order.offered'),
    rpc('amtinfo'),
    named('operation.ended'),
  ],
  'deactivate-locally': [
    named('operation.requested'),
    named('order.offered'),
    step('operation.step', 'agent-running'),
    rpc('deactivate'),
    named('provisioning.admitted'),
    named('provisioning.ended'),
    named('operation.ended'),
  ],
  reset: [
    named('operation.requested', 10),
    step('operation.step', 'power-requested'),
    step('operation.step', 'power-accepted'),
    named('operation.ended'),
  ],
  'power-cycle': [
    named('operation.requested', 10),
    step('operation.step', 'power-requested'),
    step('operation.step', 'power-accepted'),
    named('operation.ended'),
  ],
}

/** Acts in which this victim has a part. */
export const actsOf = (victim: Victim, isProvisioned: boolean): readonly Act[] => {
  if (!isProvisioned) return ['activate']
  const deactivations = ['deactivate', 'deactivate-locally'] as const
  return victim === 'rpc' ? deactivations : [...deactivations, 'reset', 'power-cycle']
}

/** Moments of an act at which this victim runs. */
export const momentsOf = (act: Act, victim: Victim): readonly Moment[] => {
  if (victim !== 'rpc') return moments[act]
  if (act === 'activate') return [rpc('activate'), named('provisioning.admitted'), ...provisioning]
  return act === 'deactivate' ? [rpc('amtinfo')] : [rpc('deactivate'), named('provisioning.admitted')]
}
