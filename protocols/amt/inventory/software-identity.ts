import { cimClass, datetime, flag, text } from '../../wsman/cim.ts'

/** Versions by name: `AMT`, `Sku`, `Build Number` and more (reference/amt-firmware.md 8.4). */
export const CIM_SoftwareIdentity = cimClass('CIM_SoftwareIdentity', {
  keys: ['InstanceID'],
  properties: {
    InstallDate: datetime,
    InstanceID: text,
    IsEntity: flag,
    VersionString: text,
  },
})
