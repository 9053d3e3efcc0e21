import { cimClass, integer, interval, list, reference, text } from '../../wsman/cim.ts'

/** The present power state and what may be asked for now (reference/amt-firmware.md 8.5). */
export const CIM_AssociatedPowerManagementService = cimClass('CIM_AssociatedPowerManagementService', {
  properties: {
    AvailableRequestedPowerStates: list(integer),
    OtherPowerState: text,
    PowerOnTime: interval,
    PowerState: integer,
    RequestedPowerState: integer,
    ServiceProvided: reference,
    TransitioningToPowerState: integer,
    UserOfService: reference,
  },
})
