import { cimClass, datetime, integer, list, text } from '../../wsman/cim.ts'

/** Maker, model and serial number of the machine (reference/amt-firmware.md 8.17). */
export const CIM_Chassis = cimClass('CIM_Chassis', {
  properties: {
    ChassisPackageType: integer,
    CreationClassName: text,
    ElementName: text,
    InstallDate: datetime,
    Manufacturer: text,
    Model: text,
    OperationalStatus: list(integer),
    PackageType: integer,
    SerialNumber: text,
    Tag: text,
    Version: text,
  },
})
