import {
  AMT_RemoteAccessPolicyAppliesToMPS,
  AMT_RemoteAccessPolicyRule,
  AMT_RemoteAccessService,
  MPS_TYPE,
  POLICY_TRIGGER,
} from '@outrider/protocols/amt'
import { type Bytes, equalBytes } from '@outrider/protocols/values'
import type { InstanceOf, Wsman } from '@outrider/protocols/wsman'
import { isAmbiguous, isLacking, orLacking, refusal } from './answers.ts'
import { activationFaults } from './faults.ts'
import { serverReference } from './mps-server.ts'

export type PolicyRule = InstanceOf<typeof AMT_RemoteAccessPolicyRule>

/** When the device dials (reference/rps.md 2.8.7). */
interface WantedPolicy {
  readonly name: string
  readonly trigger: number
  /** Seconds a tunnel lives; 0 = as long as it can. */
  readonly lifeTime: number
  /** Of a periodic policy: type 0 (interval) and seconds, two big-endian words. */
  readonly extendedData?: Bytes
}

const POLICIES: readonly WantedPolicy[] = [
  {
    name: 'Periodic',
    trigger: POLICY_TRIGGER.periodic,
    lifeTime: 0,
    extendedData: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 25),
  },
  { name: 'User Initiated', trigger: POLICY_TRIGGER.userInitiated, lifeTime: 300 },
]

export const readPolicies = (wsman: Wsman, signal: AbortSignal): Promise<readonly PolicyRule[]> =>
  wsman.enumerate(AMT_RemoteAccessPolicyRule, signal)

/** Takes away one policy; one that is gone already is fine. */
export const removePolicy = async (wsman: Wsman, name: string, signal: AbortSignal): Promise<void> => {
  await orLacking(wsman.delete(AMT_RemoteAccessPolicyRule, { PolicyRuleName: name }, signal))
}

/** Makes the device dial `server` by itself and at its user's wish, from wherever it is. */
export const applyPolicies = async (
  wsman: Wsman,
  server: string,
  present: readonly PolicyRule[],
  signal: AbortSignal,
): Promise<void> => {
  for (const policy of POLICIES) {
    const found = present.find((each) => each.PolicyRuleName === policy.name)
    if (found !== undefined && isRight(found, policy)) continue
    if (found !== undefined) await removePolicy(wsman, policy.name, signal)
    await addPolicy(wsman, server, policy, signal)
  }
  for (const link of await wsman.enumerate(AMT_RemoteAccessPolicyAppliesToMPS, signal)) {
    const { ManagedElement, PolicySet } = link
    if (link.MpsType === MPS_TYPE.both || ManagedElement === undefined || PolicySet === undefined) continue
    try {
      await wsman.put(
        AMT_RemoteAccessPolicyAppliesToMPS,
        { ...link, MpsType: MPS_TYPE.both, OrderOfAccess: 0 },
        { ManagedElement, PolicySet },
        signal,
      )
    } catch (error) {
      // Firmware without the notion of inside and outside servers dials from outside anyway.
      if (refusal(error) === undefined && !isLacking(error)) throw error
    }
  }
}

const isRight = (rule: PolicyRule, wanted: WantedPolicy): boolean =>
  rule.Trigger === wanted.trigger &&
  (rule.TunnelLifeTime ?? 0) === wanted.lifeTime &&
  (wanted.extendedData === undefined || equalBytes(rule.ExtendedData ?? new Uint8Array(), wanted.extendedData))

const addPolicy = async (wsman: Wsman, server: string, policy: WantedPolicy, signal: AbortSignal): Promise<void> => {
  try {
    await wsman.invoke(
      AMT_RemoteAccessService,
      'AddRemoteAccessPolicyRule',
      {
        Trigger: policy.trigger,
        TunnelLifeTime: policy.lifeTime,
        ...(policy.extendedData === undefined ? {} : { ExtendedData: policy.extendedData }),
        MpServer: serverReference(server),
      },
      signal,
    )
  } catch (error) {
    signal.throwIfAborted()
    const status = refusal(error)
    // A duplicate is the call whose answer was lost: its trigger is the one asked for.
    if (status === 'DUPLICATE') return
    if (status !== undefined)
      throw activationFaults.REMOTE_ACCESS_REFUSED({ step: `AddRemoteAccessPolicyRule ${policy.name}`, status }, error)
    if (!isAmbiguous(error)) throw error
    const seen = await readPolicies(wsman, signal)
    if (!seen.some((each) => each.PolicyRuleName === policy.name)) throw error
  }
}
