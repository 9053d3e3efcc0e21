import { POWER_STATE } from '@outrider/protocols/amt'
import type { ActionKind } from '../state/flash-state.ts'

// What may be asked of the host in which state, and what comes of it (amt-firmware.md 10.2). Pure.

/** How a transition runs: where it goes first and how long that takes by the `Timing` of that name. */
export interface Transition {
  readonly action: ActionKind
  /** The operating system is told before. */
  readonly graceful: boolean
  /** States in order; `after` names the duration that passes before each is reached. */
  readonly steps: readonly { readonly power: number; readonly after: Duration; readonly boot: boolean }[]
}
export type Duration = 'none' | 'shutdown' | 'cycleOff' | 'sleep'

export type PowerVerdict =
  | { readonly is: 'accepted'; readonly transition: Transition }
  | { readonly is: 'refused'; readonly returnValue: number }

export interface PowerSituation {
  readonly power: number
  /** A transition is under way. */
  readonly busy: boolean
  /** A program in an operating system that runs carries out graceful requests. */
  readonly lmsPresent: boolean
}

const NOT_SUPPORTED = 1
const NO_AGENT = 2
const INVALID_PARAMETER = 5
const INVALID_TRANSITION = 4097
const BUSY = 4099

const P = POWER_STATE

type Situation = 'on' | 'sleep' | 'hibernate' | 'off'

const situation = (power: number): Situation => {
  if (power === P.on) return 'on'
  if (power === P.sleepLight || power === P.sleepDeep) return 'sleep'
  return power === P.hibernate ? 'hibernate' : 'off'
}

/** Power comes at once; the operating system that then boots takes its time without anybody having to wait. */
const boot = { power: P.on, after: 'none', boot: true } as const

interface Rule {
  readonly from: readonly Situation[]
  readonly needsAgent?: boolean
  readonly transition: Transition
}

const rules: Readonly<Record<number, Rule>> = {
  [P.on]: {
    from: ['sleep', 'hibernate', 'off'],
    transition: { action: 'powerOn', graceful: false, steps: [boot] },
  },
  [P.powerCycleSoft]: {
    from: ['on', 'sleep'],
    transition: {
      action: 'powerCycle',
      graceful: false,
      steps: [
        { power: P.offSoft, after: 'none', boot: false },
        { power: P.on, after: 'cycleOff', boot: true },
      ],
    },
  },
  [P.offSoft]: {
    from: ['on', 'sleep'],
    transition: { action: 'powerOff', graceful: false, steps: [{ power: P.offSoft, after: 'none', boot: false }] },
  },
  [P.masterBusReset]: {
    from: ['on', 'sleep'],
    transition: { action: 'reset', graceful: false, steps: [boot] },
  },
  [P.diagnosticInterrupt]: {
    from: ['on'],
    transition: { action: 'nmi', graceful: false, steps: [] },
  },
  [P.sleepDeep]: {
    from: ['on'],
    needsAgent: true,
    transition: { action: 'sleep', graceful: true, steps: [{ power: P.sleepDeep, after: 'sleep', boot: false }] },
  },
  [P.hibernate]: {
    from: ['on'],
    needsAgent: true,
    transition: { action: 'hibernate', graceful: true, steps: [{ power: P.hibernate, after: 'sleep', boot: false }] },
  },
  [P.offSoftGraceful]: {
    from: ['on'],
    needsAgent: true,
    transition: {
      action: 'powerOffGraceful',
      graceful: true,
      steps: [{ power: P.offSoft, after: 'shutdown', boot: false }],
    },
  },
  [P.masterBusResetGraceful]: {
    from: ['on'],
    needsAgent: true,
    transition: { action: 'resetGraceful', graceful: true, steps: [{ power: P.on, after: 'shutdown', boot: true }] },
  },
}

/** What the firmware makes of `RequestPowerStateChange(requested)`. */
export const judgePowerRequest = (requested: number, now: PowerSituation): PowerVerdict => {
  const rule = rules[requested]
  if (rule === undefined) {
    const known = requested >= P.other && requested <= 17
    return { is: 'refused', returnValue: known ? NOT_SUPPORTED : INVALID_PARAMETER }
  }
  if (now.busy) return { is: 'refused', returnValue: BUSY }
  // Power-up of a machine that is on is accepted and does nothing.
  if (requested === P.on && now.power === P.on)
    return { is: 'accepted', transition: { action: 'powerOn', graceful: false, steps: [] } }
  if (!rule.from.includes(situation(now.power))) return { is: 'refused', returnValue: INVALID_TRANSITION }
  if (rule.needsAgent === true && !now.lmsPresent) return { is: 'refused', returnValue: NO_AGENT }
  return { is: 'accepted', transition: rule.transition }
}

/** `AvailableRequestedPowerStates`, in the order firmware lists them. */
export const availablePowerStates = ({ power, lmsPresent }: PowerSituation): readonly number[] => {
  switch (situation(power)) {
    case 'on':
      return lmsPresent ? [10, 8, 5, 11, 4, 7, 14, 12] : [10, 8, 5, 11]
    case 'sleep':
      return [2, 8, 5, 10]
    default:
      return [2]
  }
}
