import { cimClass, reference, text } from '../../wsman/cim.ts'

/** `PlatformGUID` is the SMBIOS UUID in upper-case hexadecimal of its raw bytes (reference/amt-firmware.md 8.17). */
export const CIM_ComputerSystemPackage = cimClass('CIM_ComputerSystemPackage', {
  properties: {
    Antecedent: reference,
    Dependent: reference,
    PlatformGUID: text,
  },
})
