import type {
  AmtState,
  ControlMode,
  DesiredPower,
  HostState,
  Indicator,
  PowerPolicy,
  Support,
} from '@outrider/domain/hosts'

// Names existing clients write and read (reference/emf-code.md 2.2), each table one way; the other is derived.

const amtStates: Readonly<Record<AmtState, string>> = {
  unspecified: 'AMT_STATE_UNSPECIFIED',
  provisioned: 'AMT_STATE_PROVISIONED',
  unprovisioned: 'AMT_STATE_UNPROVISIONED',
  disconnected: 'AMT_STATE_DISCONNECTED',
}

const powerStates: Readonly<Record<DesiredPower, string>> = {
  unspecified: 'POWER_STATE_UNSPECIFIED',
  on: 'POWER_STATE_ON',
  off: 'POWER_STATE_OFF',
  sleep: 'POWER_STATE_SLEEP',
  hibernate: 'POWER_STATE_HIBERNATE',
  reset: 'POWER_STATE_RESET',
  'power-cycle': 'POWER_STATE_POWER_CYCLE',
  'reset-repeat': 'POWER_STATE_RESET_REPEAT',
}

const powerPolicies: Readonly<Record<PowerPolicy, string>> = {
  immediate: 'POWER_COMMAND_POLICY_IMMEDIATE',
  ordered: 'POWER_COMMAND_POLICY_ORDERED',
}

const controlModes: Readonly<Record<ControlMode, string>> = {
  none: 'AMT_CONTROL_MODE_UNSPECIFIED',
  admin: 'AMT_CONTROL_MODE_ACM',
  client: 'AMT_CONTROL_MODE_CCM',
}

const hostStates: Readonly<Record<HostState, string>> = {
  deleted: 'HOST_STATE_DELETED',
  onboarded: 'HOST_STATE_ONBOARDED',
  untrusted: 'HOST_STATE_UNTRUSTED',
  registered: 'HOST_STATE_REGISTERED',
}

const indicators: Readonly<Record<Indicator, string>> = {
  unspecified: 'STATUS_INDICATION_UNSPECIFIED',
  error: 'STATUS_INDICATION_ERROR',
  'in-progress': 'STATUS_INDICATION_IN_PROGRESS',
  idle: 'STATUS_INDICATION_IDLE',
}

const skus: Readonly<Record<Support, string>> = {
  unknown: 'AMT_SKU_UNSPECIFIED',
  unsupported: 'AMT_SKU_UNSPECIFIED',
  ism: 'AMT_SKU_ISM',
  amt: 'AMT_SKU_AMT',
}

/** Both directions of one enumeration. */
interface Names<T extends string> {
  readonly names: readonly string[]
  name(value: T): string
  value(name: string): T | undefined
}

const both = <T extends string>(table: Readonly<Record<T, string>>): Names<T> => {
  const back = new Map((Object.entries(table) as [T, string][]).map(([value, name]) => [name, value]))
  return { names: [...back.keys()], name: (value) => table[value], value: (name) => back.get(name) }
}

export const amtState = both(amtStates)
export const powerState = both(powerStates)
export const powerPolicy = both(powerPolicies)
export const controlMode = both(controlModes)
export const hostState = both(hostStates)
export const indicator = both(indicators)
/** One way only: two of our words share a name. */
export const skuName = (support: Support): string => skus[support]
