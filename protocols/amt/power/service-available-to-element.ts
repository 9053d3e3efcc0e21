import { cimClass } from '../../wsman/cim.ts'
import { CIM_AssociatedPowerManagementService } from './associated-power-management-service.ts'

/**
 * Superclass of the power association: enumerating it returns `CIM_AssociatedPowerManagementService`, which is how
 * the power state is read (reference/amt-firmware.md 8.5).
 */
export const CIM_ServiceAvailableToElement = cimClass('CIM_ServiceAvailableToElement', {
  properties: CIM_AssociatedPowerManagementService.properties,
})
