import { cimClass, type EndpointReference, method, reference, text } from '../../wsman/cim.ts'
import { BOOT_CHANGE } from '../return-values.ts'

/** The one boot configuration; its order is one source or none (reference/amt-firmware.md 8.6). */
export const CIM_BootConfigSetting = cimClass('CIM_BootConfigSetting', {
  properties: {
    ElementName: text,
    InstanceID: text,
  },
  methods: {
    /** Without `Source` the order is cleared. */
    ChangeBootOrder: method({ Source: reference }, {}, { returns: BOOT_CHANGE }),
  },
})

/** `BootConfigSetting` of `SetBootConfigRole`. */
export const BOOT_CONFIGURATION: EndpointReference = {
  resourceUri: CIM_BootConfigSetting.uri,
  selectors: { InstanceID: 'Intel(r) AMT: Boot Configuration 0' },
}
