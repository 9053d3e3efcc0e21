import {
  CIM_Chassis,
  CIM_ComputerSystem,
  CIM_ComputerSystemPackage,
  CIM_SoftwareIdentity,
} from '@outrider/protocols/amt'
import { guidToSmbios, toHex } from '@outrider/protocols/values'
import { codeVersions } from '../../mei/code-versions.ts'
import { MANAGED_SYSTEM_NAME, refer } from '../instance-names.ts'
import { classModel } from '../model.ts'

// What the machine is (amt-firmware.md 8.4, 8.17).

export const inventoryClasses = [
  classModel(CIM_SoftwareIdentity, {
    subject: 'general',
    instances: ({ device }) =>
      codeVersions(device.identity).map(({ key, value }) => ({
        InstanceID: key,
        IsEntity: true,
        VersionString: value,
      })),
  }),
  classModel(CIM_ComputerSystemPackage, {
    subject: 'general',
    instances: ({ device }) => [
      {
        Antecedent: refer(CIM_Chassis, { CreationClassName: 'CIM_Chassis', Tag: 'CIM_Chassis' }),
        Dependent: refer(CIM_ComputerSystem, { CreationClassName: 'CIM_ComputerSystem', Name: MANAGED_SYSTEM_NAME }),
        PlatformGUID: toHex(guidToSmbios(device.identity.smbiosUuid)).toUpperCase(),
      },
    ],
  }),
  classModel(CIM_Chassis, {
    subject: 'general',
    instances: ({ device: { identity } }) => [
      {
        ChassisPackageType: 3,
        CreationClassName: 'CIM_Chassis',
        ElementName: 'Managed System Chassis',
        Manufacturer: identity.manufacturer,
        Model: identity.model,
        OperationalStatus: [0],
        PackageType: 3,
        SerialNumber: identity.serial,
        Tag: 'CIM_Chassis',
        Version: 'K47174-402',
      },
    ],
  }),
]
