import { AMT_RedirectionService, CIM_KVMRedirectionSAP, KVM_STATE } from '@outrider/protocols/amt'
import { audit } from '../../audit/audit-log.ts'
import { MANAGED_SYSTEM_NAME, serviceKeys } from '../instance-names.ts'
import { type Call, classModel, refuse, returns } from '../model.ts'

const SERVICE = 'Intel(r) AMT Redirection Service'
const KVM = 'KVM Redirection Service Access Point'
const INVALID_PARAMETER = 5

const isRedirectionState = (value: number | undefined): value is number =>
  value !== undefined && value >= 32768 && value <= 32771

/** Bit 0 of a state is IDER, bit 1 SOL. */
const redirect = ({ state, device, caller }: Call, wanted: number): void => {
  const { redirection } = state.settings
  const changed = redirection.enabledState ^ wanted
  if ((changed & 1) !== 0) audit(state, device, (wanted & 1) === 1 ? 'iderEnabled' : 'iderDisabled', caller)
  if ((changed & 2) !== 0) audit(state, device, (wanted & 2) === 2 ? 'solEnabled' : 'solDisabled', caller)
  redirection.enabledState = wanted
}

export const redirectionClasses = [
  classModel(AMT_RedirectionService, {
    subject: 'redirection',
    instances: ({ state }) => [
      {
        ...serviceKeys(AMT_RedirectionService, SERVICE),
        AccessLog: [],
        ElementName: SERVICE,
        EnabledState: state.settings.redirection.enabledState,
        ListenerEnabled: state.settings.redirection.listenerEnabled,
      },
    ],
    put: (call, instance) => {
      const { redirection } = call.state.settings
      if (instance.EnabledState !== undefined) {
        if (!isRedirectionState(instance.EnabledState)) return refuse('InvalidRepresentation')
        redirect(call, instance.EnabledState)
      }
      redirection.listenerEnabled = instance.ListenerEnabled ?? redirection.listenerEnabled
      return undefined
    },
    methods: {
      RequestStateChange: (call, { RequestedState }) => {
        if (!isRedirectionState(RequestedState)) return returns(INVALID_PARAMETER)
        redirect(call, RequestedState)
        return returns(0)
      },
    },
  }),
  classModel(CIM_KVMRedirectionSAP, {
    subject: 'redirection',
    // Standard Manageability has no remote desktop: the class does not exist there (15.2).
    instances: ({ state, device }) =>
      device.identity.sku === 'amt'
        ? [
            {
              ...serviceKeys(CIM_KVMRedirectionSAP, KVM, MANAGED_SYSTEM_NAME),
              ElementName: KVM,
              EnabledState: state.settings.kvm.enabledState,
              KVMProtocol: 4,
              RequestedState: 5,
            },
          ]
        : [],
    methods: {
      RequestStateChange: ({ state, device, caller }, { RequestedState }) => {
        const { settings } = state
        if (RequestedState !== KVM_STATE.enabled && RequestedState !== KVM_STATE.disabled)
          return returns(INVALID_PARAMETER)
        // Enabled with no session open is its own state.
        const before = settings.kvm.enabledState
        settings.kvm.enabledState =
          RequestedState === KVM_STATE.enabled ? KVM_STATE.enabledButOffline : KVM_STATE.disabled
        if (settings.kvm.enabledState !== before)
          audit(state, device, RequestedState === KVM_STATE.enabled ? 'kvmEnabled' : 'kvmDisabled', caller)
        return returns(0)
      },
    },
  }),
]
