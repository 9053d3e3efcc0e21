import { type Disturbance, wsmanTroubles } from '@outrider/firmware'
import type { Machine } from '../house/machine.ts'
import type { Noise } from '../noise.ts'
import type { StepName, StepWatch, Trouble } from '../wires/step-watch.ts'

/** What is asked for while something goes wrong. `deactivate-by-agent`: there is no tunnel. */
export const acts = [
  'activate',
  'activate-admin',
  'upgrade',
  'reset',
  'power-off',
  'deactivate',
  'deactivate-by-agent',
] as const
export type Act = (typeof acts)[number]

export const protocols = [
  'AMTHI',
  'LME',
  'RPC-RPS WebSocket',
  'WS-MAN over relay',
  'CIRA TLS',
  'CIRA handshake',
  'WS-MAN over CIRA',
] as const
export type Protocol = (typeof protocols)[number]

/** One thing that goes wrong at one step of one protocol, during one act. */
export interface Case {
  readonly protocol: Protocol
  readonly act: Act
  readonly step: string
  readonly trouble: Trouble
  readonly name: string
  /** Sets it up on a machine; how often it has happened is what it returns is asked for. */
  arm(machine: Machine): () => number
}

/** The steps of each wire that an undisturbed act takes. */
export type Recording = ReadonlyMap<Act, ReadonlyMap<WatchName, readonly StepName[]>>

export const watchNames = ['amthi', 'lme', 'frames', 'relay', 'up', 'down'] as const
export type WatchName = (typeof watchNames)[number]

export const watchOf = (machine: Machine, name: WatchName): StepWatch =>
  ({
    amthi: machine.mei.amthi,
    lme: machine.mei.lme,
    frames: machine.rps.frames,
    relay: machine.rps.relay,
    up: machine.apf.up,
    down: machine.apf.down,
  })[name]

/** Whether a tunnel is opened by it. */
export const isActivation = (act: Act): boolean => act === 'activate' || act === 'activate-admin'

const protocolOf = (watch: WatchName, act: Act): Protocol => {
  switch (watch) {
    case 'amthi':
      return 'AMTHI'
    case 'lme':
      return 'LME'
    case 'frames':
      return 'RPC-RPS WebSocket'
    case 'relay':
      return 'WS-MAN over relay'
    default:
      return isActivation(act) ? 'CIRA handshake' : 'WS-MAN over CIRA'
  }
}

const troubles: readonly Trouble[] = ['drop', 'stall', 'garbage', 'half', 'refuse']

/** Every case there is. */
export const allCases = (recording: Recording): Case[] => [
  ...[...recording.keys()].flatMap((act) => [...wireCases(act, recording), ...firmwareCases(act, recording)]),
  ...byteCases(),
]

const wireCases = (act: Act, recording: Recording): Case[] => {
  const cases: Case[] = []
  for (const [watch, steps] of recording.get(act) ?? [])
    for (const step of steps)
      for (const trouble of troubles) {
        cases.push(wireCase(act, watch, step, trouble, 1))
        // Whenever it comes to this message, until the act has ended by that.
        if (step.nth === 1) cases.push(wireCase(act, watch, step, trouble, Number.POSITIVE_INFINITY))
      }
  return cases
}

const wireCase = (act: Act, watch: WatchName, step: StepName, trouble: Trouble, times: number): Case => {
  const label = `${watch} ${step.name}${times === 1 ? `#${step.nth}` : ' always'}`
  return {
    protocol: protocolOf(watch, act),
    act,
    step: label,
    trouble,
    name: `${act} / ${label} / ${trouble}`,
    arm: (machine) => {
      const of = watchOf(machine, watch)
      of.begin({ ...step, trouble, times })
      return () => of.fired
    },
  }
}

/** How each way a firmware has of going wrong counts in the table. */
const wsmanTrouble: Readonly<Record<keyof typeof wsmanTroubles, Trouble>> = {
  'drop-before': 'drop',
  'drop-after': 'drop',
  'stall-before': 'stall',
  'stall-after': 'stall',
  delay: 'stall',
  'garbage-before': 'garbage',
  'garbage-after': 'garbage',
  'half-answer': 'half',
  'wrong-nonce': 'refuse',
  'http-500': 'refuse',
  fault: 'refuse',
  status: 'refuse',
}
/** Longer than anybody here waits for an answer. */
const LATE = 6000

/** What the firmware itself does wrong: with a request before it carried it out, and after. */
const firmwareCases = (act: Act, recording: Recording): Case[] => {
  const cases: Case[] = []
  const local = recording.get(act)?.get('relay') ?? []
  const inTunnel = TUNNEL_CALLS[act] ?? []
  for (const [protocol, way, steps] of [
    ['WS-MAN over relay', 'local', local],
    ['WS-MAN over CIRA', 'tunnel', inTunnel],
  ] as const)
    for (const { name, nth } of steps) {
      const [cls = '', action = ''] = name.split('.')
      // A request without credentials is turned away before it goes wrong otherwise.
      if (action.includes(CHALLENGED)) continue
      const generic = GENERIC.has(action)
      for (const what of Object.keys(wsmanTroubles) as (keyof typeof wsmanTroubles)[]) {
        if (what === 'status' && generic) continue
        const operation = generic ? action.toLowerCase() : action
        cases.push(
          firmwareCase(protocol, act, `firmware ${way} ${name}#${nth}`, {
            ...{ at: 'wsman', way, what, cls, operation, skip: nth - 1, times: 1 },
            ...(what === 'delay' ? { milliseconds: LATE } : {}),
          }),
        )
      }
    }
  return cases
}

const GENERIC = new Set(['Get', 'Put', 'Create', 'Delete', 'Enumerate', 'Pull'])
export const CHALLENGED = ' challenged'

/** What MPS asks of a device, by the acts. */
const TUNNEL_CALLS: Readonly<Partial<Record<Act, readonly StepName[]>>> = {
  reset: [
    { name: 'CIM_ServiceAvailableToElement.Enumerate', nth: 1 },
    { name: 'CIM_ServiceAvailableToElement.Pull', nth: 1 },
    { name: 'CIM_ServiceAvailableToElement.Pull', nth: 2 },
    { name: 'AMT_BootSettingData.Get', nth: 1 },
    { name: 'CIM_PowerManagementService.RequestPowerStateChange', nth: 1 },
  ],
  deactivate: [{ name: 'AMT_SetupAndConfigurationService.Unprovision', nth: 1 }],
}

const firmwareCase = (
  protocol: Protocol,
  act: Act,
  step: string,
  disturbance: Disturbance & { readonly at: 'wsman' },
): Case => ({
  protocol,
  act,
  step: `${step} ${disturbance.what}`,
  trouble: wsmanTrouble[disturbance.what],
  name: `${act} / ${step} / ${disturbance.what}`,
  arm: ({ firmware }) => {
    let happened = 0
    firmware.events.on('disturbed', ({ at, what }) => {
      if (at === disturbance.at && what === disturbance.what) happened++
    })
    firmware.disturbances.add(disturbance)
    return () => happened
  },
})

/** Where the bytes of TLS are cut, held back or spoilt: in the handshake, and a little later. */
const OFFSETS = [0, 1, 5, 60, 200, 450, 700, 1000] as const

const byteCases = (): Case[] => {
  const cases: Case[] = []
  for (const after of OFFSETS)
    for (const direction of ['up', 'down'] as const)
      for (const trouble of ['drop', 'stall', 'garbage', 'half'] as const)
        for (const [protocol, wire] of [
          ['CIRA TLS', 'ciraTcp'],
          ['RPC-RPS WebSocket', 'rpsTcp'],
        ] as const) {
          const step = `TLS ${direction} after ${after} bytes`
          cases.push({
            protocol,
            act: 'activate',
            step,
            trouble,
            name: `activate / ${protocol} ${step} / ${trouble}`,
            arm: (machine) => {
              machine[wire].set({ trouble, direction, after, times: 1 })
              return () => machine[wire].fired
            },
          })
        }
  return cases
}

/** So many of them: of each protocol and trouble at least one while there is room, the rest by chance. */
export const someOf = (cases: readonly Case[], count: number, noise: Noise): Case[] => {
  const groups = new Map<string, Case[]>()
  for (const each of noise.shuffled(cases)) {
    const key = `${each.protocol} ${each.trouble}`
    const group = groups.get(key) ?? []
    group.push(each)
    groups.set(key, group)
  }
  const chosen: Case[] = []
  for (let round = 0; chosen.length < count; round++) {
    const before = chosen.length
    for (const group of noise.shuffled([...groups.values()])) {
      const next = group[round]
      if (next !== undefined && chosen.length < count) chosen.push(next)
    }
    if (chosen.length === before) break
  }
  return chosen
}
