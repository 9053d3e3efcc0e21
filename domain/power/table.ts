import { POWER_STATE } from '@outrider/protocols/amt'
import type { DesiredPower } from '../hosts/index.ts'
import type { PowerKind } from '../operations/index.ts'

/** States the machine rests in; `unknown` for everything else it may say (reference/amt-firmware.md 10.1). */
export type PowerClass = 'on' | 'sleep' | 'hibernate' | 'off' | 'unknown'

/** Class of a CIM power state, as existing clients fold them (reference/emf-code.md 1.5.4). */
export const powerClass = (state: number): PowerClass => {
  switch (state) {
    case POWER_STATE.on:
      return 'on'
    case POWER_STATE.sleepLight:
    case POWER_STATE.sleepDeep:
      return 'sleep'
    case POWER_STATE.hibernate:
      return 'hibernate'
    case POWER_STATE.offHard:
    case POWER_STATE.offSoft:
    case POWER_STATE.offSoftGraceful:
    case POWER_STATE.offHardGraceful:
      return 'off'
    default:
      return 'unknown'
  }
}

/** In an operator's words. */
export const powerClassName: Readonly<Record<PowerClass, string>> = {
  on: 'on',
  sleep: 'asleep',
  hibernate: 'hibernated',
  off: 'off',
  unknown: 'in no state that is known',
}

/** What is requested for a kind, and where it ends. */
export interface PowerRow {
  /** CIM code of the request existing clients send too (reference/emf-code.md 1.5.4). */
  readonly code: number
  /** CIM code that asks the operating system first, where the policy is `ordered`. */
  readonly soft?: number
  readonly target: PowerClass
  /** Whether being there already is all that was asked for. An act (a reset) is done in any case. */
  readonly state: boolean
  readonly name: string
  /** What existing clients show while it runs and when it is through (reference/emf-code.md 1.5.4). */
  readonly running: string
  readonly done: string
}

/**
 * An ordered reset has no `soft` code: whether the operating system did it cannot be seen, so there would be no
 * moment at which to go on to the hard one.
 */
export const powerTable: Readonly<Record<PowerKind, PowerRow>> = {
  'power-on': {
    code: POWER_STATE.on,
    target: 'on',
    state: true,
    name: 'power on',
    running: 'Powering on',
    done: 'Powered on',
  },
  'power-off': {
    code: POWER_STATE.offSoft,
    soft: POWER_STATE.offSoftGraceful,
    target: 'off',
    state: true,
    name: 'power off',
    running: 'Powering off',
    done: 'Powered off',
  },
  sleep: {
    code: POWER_STATE.sleepDeep,
    target: 'sleep',
    state: true,
    name: 'sleep',
    running: 'Sleeping',
    done: 'Sleep state',
  },
  hibernate: {
    code: POWER_STATE.hibernate,
    target: 'hibernate',
    state: true,
    name: 'hibernate',
    running: 'Hibernating',
    done: 'Hibernate state',
  },
  'soft-off': {
    code: POWER_STATE.offSoftGraceful,
    target: 'off',
    state: true,
    name: 'soft off',
    running: 'Powering off',
    done: 'Powered off',
  },
  'soft-reset': {
    code: POWER_STATE.masterBusResetGraceful,
    target: 'on',
    state: false,
    name: 'soft reset',
    running: 'Resetting',
    // What becomes of it then is the operating system's.
    done: 'The device has passed the request on to the operating system',
  },
  reset: {
    code: POWER_STATE.masterBusReset,
    target: 'on',
    state: false,
    name: 'reset',
    running: 'Resetting',
    done: 'Reset successful',
  },
  'power-cycle': {
    code: POWER_STATE.powerCycleSoft,
    target: 'on',
    state: false,
    name: 'power cycle',
    running: 'Power cycling',
    done: 'Power cycle successful',
  },
}

/** Requests a class of states admits at all; what the machine says it takes narrows it (reference/amt-firmware.md 10.2). */
const ADMITS: Readonly<Record<PowerClass, ReadonlySet<number> | 'what it says'>> = {
  on: new Set([
    POWER_STATE.powerCycleSoft,
    POWER_STATE.offSoft,
    POWER_STATE.masterBusReset,
    POWER_STATE.diagnosticInterrupt,
    POWER_STATE.sleepDeep,
    POWER_STATE.hibernate,
    POWER_STATE.offSoftGraceful,
    POWER_STATE.masterBusResetGraceful,
  ]),
  sleep: new Set([POWER_STATE.on, POWER_STATE.powerCycleSoft, POWER_STATE.offSoft, POWER_STATE.masterBusReset]),
  hibernate: new Set([POWER_STATE.on]),
  off: new Set([POWER_STATE.on]),
  unknown: 'what it says',
}

/** Requests that need the operating system to play along. */
const COOPERATIVE: ReadonlySet<number> = new Set([
  POWER_STATE.sleepDeep,
  POWER_STATE.hibernate,
  POWER_STATE.offSoftGraceful,
  POWER_STATE.masterBusResetGraceful,
])

/**
 * Whether `code` may be requested: `illegal` from this state whatever the machine says, `unsupported` where it
 * does not list it. `available` empty = the machine does not say, and then only what needs no operating system
 * is taken for granted.
 */
export const legality = (
  code: number,
  from: PowerClass,
  available: readonly number[],
): 'legal' | 'illegal' | 'unsupported' => {
  const admits = ADMITS[from]
  if (admits !== 'what it says' && !admits.has(code)) return 'illegal'
  if (available.length > 0) return available.includes(code) ? 'legal' : 'unsupported'
  return from === 'unknown' || COOPERATIVE.has(code) ? 'unsupported' : 'legal'
}

/** Power state as a legacy host field holds it. */
export const legacyPowerOf = (state: number): DesiredPower => {
  const legacy = { on: 'on', sleep: 'sleep', hibernate: 'hibernate', off: 'off', unknown: 'unspecified' } as const
  return legacy[powerClass(state)]
}
