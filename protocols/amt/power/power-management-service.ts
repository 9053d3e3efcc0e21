import { cimClass, datetime, integer, method, reference, text } from '../../wsman/cim.ts'
import { STATE_CHANGE } from '../return-values.ts'

/** `PowerState`, as reported and as requested (reference/amt-firmware.md 10.1). */
export const POWER_STATE = {
  other: 1,
  on: 2,
  sleepLight: 3,
  sleepDeep: 4,
  powerCycleSoft: 5,
  offHard: 6,
  hibernate: 7,
  offSoft: 8,
  powerCycleHard: 9,
  masterBusReset: 10,
  diagnosticInterrupt: 11,
  offSoftGraceful: 12,
  offHardGraceful: 13,
  masterBusResetGraceful: 14,
  powerCycleSoftGraceful: 15,
  powerCycleHardGraceful: 16,
} as const

/** Changes the host's power state (reference/amt-firmware.md 8.5, 10). */
export const CIM_PowerManagementService = cimClass('CIM_PowerManagementService', {
  properties: {
    CreationClassName: text,
    ElementName: text,
    EnabledState: integer,
    InstallDate: datetime,
    Name: text,
    RequestedState: integer,
    SystemCreationClassName: text,
    SystemName: text,
  },
  methods: {
    /** `ManagedElement` refers to the managed `CIM_ComputerSystem` (`MANAGED_SYSTEM`). */
    RequestPowerStateChange: method(
      { PowerState: integer, ManagedElement: reference },
      {},
      { once: true, returns: STATE_CHANGE },
    ),
  },
})
