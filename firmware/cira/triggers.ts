/** What can make the firmware dial: policy rule names and numbers (amt-firmware.md 8.13, 11.2, 11.4). */
export type TriggerName = 'user' | 'alert' | 'periodic'

export interface TriggerFacts {
  /** `PolicyRuleName` on the wire. */
  readonly rule: string
  /** `Trigger` of the policy rule, and of GetRemoteAccessConnectionStatus. */
  readonly number: number
  /** Trigger reason in APF PROTOCOLVERSION. */
  readonly apfReason: number
  /** Higher pre-empts lower. */
  readonly priority: number
}

export const triggers: Readonly<Record<TriggerName, TriggerFacts>> = {
  user: { rule: 'User Initiated', number: 0, apfReason: 1, priority: 3 },
  alert: { rule: 'Alert', number: 1, apfReason: 2, priority: 2 },
  periodic: { rule: 'Periodic', number: 2, apfReason: 4, priority: 1 },
}

export const triggerNames = Object.keys(triggers) as TriggerName[]

export const triggerByNumber = (number: number): TriggerName | undefined =>
  triggerNames.find((name) => triggers[name].number === number)

export const triggerByRule = (rule: string): TriggerName | undefined =>
  triggerNames.find((name) => triggers[name].rule === rule)
