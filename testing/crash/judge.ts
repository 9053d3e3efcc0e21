import type { FirmwareView, OperationView } from '../deployment/index.ts'
import type { Act } from './moments.ts'

/** What must never be, however the processes died. */
export interface Violation {
  readonly kind: 'lost' | 'doubled' | 'wrong-credentials' | 'untrue'
  readonly what: string
}

export const isDeactivation = (act: Act): boolean => act === 'deactivate' || act === 'deactivate-locally'

const COUNTER: Readonly<Record<Act, string>> = {
  activate: 'setup',
  deactivate: 'unprovision',
  'deactivate-locally': 'unprovision',
  reset: 'reset',
  'power-cycle': 'powerCycle',
}

/** What the firmware counted and where it stands, against what the operation says became of it. */
export const judge = (
  act: Act,
  operation: OperationView,
  before: FirmwareView,
  after: FirmwareView,
): readonly Violation[] => {
  const violations: Violation[] = []
  const say = (kind: Violation['kind'], what: string): void => void violations.push({ kind, what })
  const delta = (name: string): number => (after.counters[name] ?? 0) - (before.counters[name] ?? 0)
  const done = delta(COUNTER[act])
  const { life, fault, steps } = operation
  const recovered = steps.filter(({ step }) => step === 'recovering').length

  // A recovery deactivates and activates anew, and says so.
  const most = act === 'activate' ? 1 + recovered : 1
  if (done > most) say('doubled', `${COUNTER[act]} was done ${done} times`)
  const allowed = new Set([COUNTER[act], ...(act === 'activate' && recovered > 0 ? ['unprovision'] : [])])
  for (const name of Object.keys(after.counters))
    if (!allowed.has(name) && delta(name) !== 0) say('doubled', `${name} was done ${delta(name)} times by ${act}`)
  const activated = (after.counters.setup ?? 0) - (after.counters.unprovision ?? 0)
  if (activated !== (after.controlMode === 0 ? 0 : 1))
    say('doubled', `${activated} activations are not undone, and the control mode is ${after.controlMode}`)

  if (life === 'succeeded' && done === 0) say('untrue', `${act} succeeded, and the firmware did nothing`)
  if (life === 'succeeded' && act === 'activate' && after.controlMode !== 1)
    say('untrue', `activated, and the control mode is ${after.controlMode}`)
  if (life === 'succeeded' && isDeactivation(act) && after.controlMode !== 0)
    say('untrue', `deactivated, and the control mode is ${after.controlMode}`)
  if (life !== 'succeeded' && (fault === undefined || fault.code === '' || fault.remedy === ''))
    say('untrue', `it ended ${life} without a reason`)
  if (life === 'refused' && done > 0) say('untrue', 'it was refused, and the firmware did it')
  if (life === 'cancelled') say('lost', 'nobody cancelled it')
  return violations
}
