import { cimClass, integer, text } from '../../wsman/cim.ts'

/** What the machine can be made to boot from (reference/amt-firmware.md 8.6). */
export const CIM_BootSourceSetting = cimClass('CIM_BootSourceSetting', {
  keys: ['InstanceID'],
  properties: {
    BIOSBootString: text,
    BootString: text,
    ElementName: text,
    FailThroughSupported: integer,
    InstanceID: text,
    StructuredBootString: text,
  },
})
