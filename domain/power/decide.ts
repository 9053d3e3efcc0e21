import type { Fault } from '@outrider/protocols/values'
import type { PowerPolicy } from '../hosts/index.ts'
import type { PowerKind } from '../operations/index.ts'
import { powerFaults } from './faults.ts'
import { legality, powerClass, powerClassName, powerTable } from './table.ts'

/** What to do about a power request, from what is seen of the machine. */
export type PowerDecision =
  /** It is there already. */
  | { readonly do: 'nothing' }
  /** Nothing is to be sent. */
  | { readonly do: 'refuse'; readonly fault: Fault }
  /** Send `soft`, and `code` where that has not led there in time; without `soft`, send `code`. */
  | { readonly do: 'act'; readonly code: number; readonly soft?: number }

/** Pure: is it possible, is it needed, and in which order (reference/emf-design.md B.9). */
export const decidePower = (
  kind: PowerKind,
  policy: PowerPolicy,
  state: number,
  available: readonly number[],
): PowerDecision => {
  const row = powerTable[kind]
  const from = powerClass(state)
  if (row.state && from === row.target) return { do: 'nothing' }
  const detail = { state: powerClassName[from], request: row.name, code: row.code, powerState: state }
  // Soft first only where the machine says that it takes it: elsewhere the request would just be refused.
  const soft =
    policy === 'ordered' && row.soft !== undefined && legality(row.soft, from, available) === 'legal'
      ? row.soft
      : undefined
  switch (legality(row.code, from, available)) {
    case 'illegal':
      return { do: 'refuse', fault: powerFaults.POWER_TRANSITION_ILLEGAL(detail) }
    case 'unsupported':
      return { do: 'refuse', fault: powerFaults.POWER_NOT_SUPPORTED(detail) }
    case 'legal':
      return { do: 'act', code: row.code, ...(soft === undefined ? {} : { soft }) }
  }
}
