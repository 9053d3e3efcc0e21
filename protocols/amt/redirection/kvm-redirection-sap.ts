import { cimClass, datetime, integer, method, text } from '../../wsman/cim.ts'
import { STATE_CHANGE } from '../return-values.ts'

/** `EnabledState` of KVM: enabled with a session open, without one, or off. `RequestStateChange` takes 2 and 3. */
export const KVM_STATE = { enabled: 2, disabled: 3, enabledButOffline: 6 } as const

/** Remote desktop; absent where the machine has none (reference/amt-firmware.md 8.8). */
export const CIM_KVMRedirectionSAP = cimClass('CIM_KVMRedirectionSAP', {
  properties: {
    CreationClassName: text,
    ElementName: text,
    EnabledState: integer,
    InstallDate: datetime,
    KVMProtocol: integer,
    Name: text,
    RequestedState: integer,
    SystemCreationClassName: text,
    SystemName: text,
  },
  methods: {
    RequestStateChange: method({ RequestedState: integer }, {}, { returns: STATE_CHANGE }),
  },
})
