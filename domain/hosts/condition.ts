import type { EpochMilliseconds, FaultRecord } from '@outrider/protocols/values'
import type { Host } from './host.ts'

interface Common {
  /** What people read: cause, code and what to do. */
  readonly fault: FaultRecord
  readonly since: EpochMilliseconds
}

/**
 * What is wrong with a host, or on its way, for longer than one operation. It stays until somebody does something
 * about it or it is seen to be right again. A host has at most one of each type.
 */
export type Condition =
  /** Its machine reports an identity that another host has: nothing of it was taken over. */
  | (Common & { readonly type: 'duplicate-identity'; readonly other: string })
  /** Another host's machine reports this one's identity. */
  | (Common & { readonly type: 'identity-claimed'; readonly other: string })
  /** Its policy has tried as often as it may. */
  | (Common & { readonly type: 'policy-gave-up' })
  /** It goes as soon as this deactivation has succeeded. */
  | (Common & {
      readonly type: 'retiring'
      readonly act: 'delete-host' | 'deauthorise-host'
      readonly operationId: string
      /** Why, as the status line will say. */
      readonly note: string
      readonly requester: { readonly subject: string; readonly name: string; readonly from: string }
    })
  /** It was to go, and stays because its machine could not be deactivated. */
  | (Common & { readonly type: 'retirement-failed' })

export type ConditionType = Condition['type']
type Of<T extends ConditionType> = Extract<Condition, { readonly type: T }>

export const conditionOf = <T extends ConditionType>(host: Pick<Host, 'conditions'>, type: T): Of<T> | undefined =>
  host.conditions?.find((condition): condition is Of<T> => condition.type === type)

/** The conditions with this one in the place of any other of its type. */
export const withCondition = (host: Pick<Host, 'conditions'>, condition: Condition): readonly Condition[] => [
  ...withoutConditions(host, condition.type),
  condition,
]

export const withoutConditions = (
  host: Pick<Host, 'conditions'>,
  ...types: readonly ConditionType[]
): readonly Condition[] => host.conditions?.filter(({ type }) => !types.includes(type)) ?? []
