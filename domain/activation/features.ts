import {
  AMT_RedirectionService,
  CIM_KVMRedirectionSAP,
  IPS_OptInService,
  KVM_STATE,
  OPT_IN_REQUIRED,
  REDIRECTION_STATE,
} from '@outrider/protocols/amt'
import type { Wsman } from '@outrider/protocols/wsman'
import { orLacking } from './answers.ts'
import type { FeaturePlan } from './plan.ts'

/** What of the remote features the device ended up with. */
export interface Features {
  readonly changed: boolean
  readonly kvm: boolean
  readonly sol: boolean
  readonly ider: boolean
  readonly consent: FeaturePlan['consent']
}

/** Serial-over-LAN, IDE-R, KVM and consent (reference/rps.md 2.8.5). What the machine lacks stays off. */
export const configureFeatures = async (wsman: Wsman, plan: FeaturePlan, signal: AbortSignal): Promise<Features> => {
  const redirection = await wsman.get(AMT_RedirectionService, {}, signal)
  const sap = await orLacking(wsman.get(CIM_KVMRedirectionSAP, {}, signal))
  const kvm = plan.kvm && sap !== undefined
  const state =
    plan.sol && plan.ider
      ? REDIRECTION_STATE.both
      : plan.sol
        ? REDIRECTION_STATE.sol
        : plan.ider
          ? REDIRECTION_STATE.ider
          : REDIRECTION_STATE.none
  const listening = plan.sol || plan.ider || kvm
  let changed = false
  if (redirection.EnabledState !== state) {
    await wsman.invoke(AMT_RedirectionService, 'RequestStateChange', { RequestedState: state }, signal)
    changed = true
  }
  if (sap !== undefined && isKvmOn(sap.EnabledState) !== kvm) {
    const requested = kvm ? KVM_STATE.enabled : KVM_STATE.disabled
    await wsman.invoke(CIM_KVMRedirectionSAP, 'RequestStateChange', { RequestedState: requested }, signal)
    changed = true
  }
  if (changed || (redirection.ListenerEnabled ?? false) !== listening) {
    const { AccessLog: _log, ...rest } = redirection
    await wsman.put(AMT_RedirectionService, { ...rest, EnabledState: state, ListenerEnabled: listening }, {}, signal)
    changed = true
  }
  const consent = await configureConsent(wsman, plan.consent, signal)
  return { changed: changed || consent.changed, kvm, sol: plan.sol, ider: plan.ider, consent: consent.now }
}

const isKvmOn = (state: number | undefined): boolean =>
  state === KVM_STATE.enabled || state === KVM_STATE.enabledButOffline

/** In client control mode the policy is locked to `all`: asking for another would be refused, so nobody asks. */
const configureConsent = async (
  wsman: Wsman,
  wanted: FeaturePlan['consent'],
  signal: AbortSignal,
): Promise<{ readonly changed: boolean; readonly now: FeaturePlan['consent'] }> => {
  const service = await orLacking(wsman.get(IPS_OptInService, {}, signal))
  if (service === undefined) return { changed: false, now: wanted }
  if (service.OptInRequired === OPT_IN_REQUIRED[wanted]) return { changed: false, now: wanted }
  if (service.CanModifyOptInPolicy === 0) return { changed: false, now: consentOf(service.OptInRequired) }
  const { OptInState: _state, ...rest } = service
  await wsman.put(IPS_OptInService, { ...rest, OptInRequired: OPT_IN_REQUIRED[wanted] }, {}, signal)
  return { changed: true, now: wanted }
}

const consentOf = (required: number | undefined): FeaturePlan['consent'] =>
  required === OPT_IN_REQUIRED.none ? 'none' : required === OPT_IN_REQUIRED.kvm ? 'kvm' : 'all'
