import { cimClass, datetime, integer, method, reference, text } from '../../wsman/cim.ts'
import { STATE_CHANGE } from '../return-values.ts'

/** `OSPowerSavingState` of a modern-standby machine (reference/amt-firmware.md 8.5). */
export const OS_POWER_SAVING = { unknown: 0, unsupported: 1, fullPower: 2, saving: 3 } as const

/** Wakes the operating system from its own power saving while the machine is on (reference/amt-firmware.md 8.5). */
export const IPS_PowerManagementService = cimClass('IPS_PowerManagementService', {
  properties: {
    CreationClassName: text,
    ElementName: text,
    EnabledState: integer,
    InstallDate: datetime,
    Name: text,
    RequestedState: integer,
    SystemCreationClassName: text,
    SystemName: text,
    // Last on the wire too, behind the inherited ones, unlike everywhere else.
    OSPowerSavingState: integer,
  },
  methods: {
    RequestOSPowerSavingStateChange: method(
      { OSPowerSavingState: integer, ManagedElement: reference },
      {},
      { once: true, returns: STATE_CHANGE },
    ),
  },
})
