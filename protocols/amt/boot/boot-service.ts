import { cimClass, datetime, integer, method, reference, text } from '../../wsman/cim.ts'
import { BOOT_CHANGE, STATE_CHANGE } from '../return-values.ts'

/** `Role` of a boot configuration. */
export const BOOT_ROLE = { isNextSingleUse: 1, isNotNext: 32768 } as const

/** Arms the boot options (reference/amt-firmware.md 8.6). */
export const CIM_BootService = cimClass('CIM_BootService', {
  properties: {
    CreationClassName: text,
    ElementName: text,
    EnabledState: integer,
    InstallDate: datetime,
    Name: text,
    OperationalStatus: integer,
    RequestedState: integer,
    SystemCreationClassName: text,
    SystemName: text,
  },
  methods: {
    SetBootConfigRole: method({ BootConfigSetting: reference, Role: integer }, {}, { returns: BOOT_CHANGE }),
    RequestStateChange: method({ RequestedState: integer }, {}, { returns: STATE_CHANGE }),
  },
})
