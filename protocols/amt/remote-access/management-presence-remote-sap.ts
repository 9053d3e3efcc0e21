import { cimClass, datetime, integer, text } from '../../wsman/cim.ts'

/** A server the device may dial (reference/amt-firmware.md 8.13). */
export const AMT_ManagementPresenceRemoteSAP = cimClass('AMT_ManagementPresenceRemoteSAP', {
  keys: ['Name'],
  properties: {
    AccessInfo: text,
    CN: text,
    CreationClassName: text,
    ElementName: text,
    InfoFormat: integer,
    InstallDate: datetime,
    Name: text,
    Port: integer,
    SystemCreationClassName: text,
    SystemName: text,
  },
})
