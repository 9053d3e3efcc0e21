import type { DesiredPower } from '@outrider/domain/hosts'
import type { OperationKind, PowerKind } from '@outrider/domain/operations'

/** How a power operation shows in the legacy fields (reference/emf-code.md 1.5.4). */
interface PowerTexts {
  readonly desired: DesiredPower
  readonly running: string
  readonly done: string
}

export const powerTexts: Readonly<Record<PowerKind, PowerTexts>> = {
  'power-on': { desired: 'on', running: 'Powering on', done: 'Powered on' },
  'power-off': { desired: 'off', running: 'Powering off', done: 'Powered off' },
  sleep: { desired: 'sleep', running: 'Sleeping', done: 'Sleep state' },
  hibernate: { desired: 'hibernate', running: 'Hibernating', done: 'Hibernate state' },
  'soft-off': { desired: 'off', running: 'Powering off', done: 'Powered off' },
  'soft-reset': { desired: 'reset', running: 'Resetting', done: 'Reset successful' },
  reset: { desired: 'reset', running: 'Resetting', done: 'Reset successful' },
  'power-cycle': { desired: 'power-cycle', running: 'Power cycling', done: 'Power cycle successful' },
}

/** The act a written desired power state asks for; `unspecified` asks for none. */
export const powerKindOf: Readonly<Record<DesiredPower, PowerKind | undefined>> = {
  unspecified: undefined,
  on: 'power-on',
  off: 'power-off',
  sleep: 'sleep',
  hibernate: 'hibernate',
  reset: 'reset',
  'reset-repeat': 'reset',
  'power-cycle': 'power-cycle',
}

export const amtKinds = ['activate', 'deactivate'] as const satisfies readonly OperationKind[]

/** Operations of one family write the same legacy fields. */
export type Family = 'amt' | 'power'
export const familyOf = (kind: OperationKind): Family =>
  kind === 'activate' || kind === 'deactivate' ? 'amt' : 'power'

/** Acts that the fields of a reset stand for. */
export const isResetKind = (kind: OperationKind): boolean => kind === 'reset' || kind === 'soft-reset'

export const isReset = (power: DesiredPower): power is 'reset' | 'reset-repeat' =>
  power === 'reset' || power === 'reset-repeat'

/**
 * The value a reset writes: existing watchers see "do it again" only as a change between the two
 * (reference/emf-code.md 3.5).
 */
export const nextReset = (desired: DesiredPower, current: DesiredPower): 'reset' | 'reset-repeat' =>
  desired === 'reset' || (current === 'reset' && desired !== 'reset-repeat') ? 'reset-repeat' : 'reset'

/** The value a finished reset leaves as current where `later` more resets were asked for since. */
export const reachedReset = (desired: DesiredPower, later: number): 'reset' | 'reset-repeat' => {
  const last = isReset(desired) ? desired : 'reset'
  return later % 2 === 0 ? last : last === 'reset' ? 'reset-repeat' : 'reset'
}
