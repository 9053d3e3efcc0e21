import { AMT_RedirectionService, CIM_KVMRedirectionSAP, KVM_STATE } from '@outrider/protocols/amt'
import { MANAGED_SYSTEM_NAME, serviceKeys } from '../instance-names.ts'
import { classModel, refuse, returns } from '../model.ts'

const SERVICE = 'Intel(r) AMT Redirection Service'
const KVM = 'KVM Redirection Service Access Point'
const INVALID_PARAMETER = 5

const isRedirectionState = (value: number | undefined): value is number =>
  value !== undefined && value >= 32768 && value <= 32771

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
    put: ({ state: { settings } }, instance) => {
      if (instance.EnabledState !== undefined && !isRedirectionState(instance.EnabledState))
        return refuse('InvalidRepresentation')
      settings.redirection = {
        enabledState: instance.EnabledState ?? settings.redirection.enabledState,
        listenerEnabled: instance.ListenerEnabled ?? settings.redirection.listenerEnabled,
      }
      return undefined
    },
    methods: {
      RequestStateChange: ({ state: { settings } }, { RequestedState }) => {
        if (!isRedirectionState(RequestedState)) return returns(INVALID_PARAMETER)
        settings.redirection.enabledState = RequestedState
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
      RequestStateChange: ({ state: { settings } }, { RequestedState }) => {
        if (RequestedState !== KVM_STATE.enabled && RequestedState !== KVM_STATE.disabled)
          return returns(INVALID_PARAMETER)
        // Enabled with no session open is its own state.
        settings.kvm.enabledState =
          RequestedState === KVM_STATE.enabled ? KVM_STATE.enabledButOffline : KVM_STATE.disabled
        return returns(0)
      },
    },
  }),
]
