import { binary, cimClass, integer, text } from '../../wsman/cim.ts'

/** When the device dials: keyed by `Periodic`, `Alert` or `User Initiated` (reference/amt-firmware.md 8.13). */
export const AMT_RemoteAccessPolicyRule = cimClass('AMT_RemoteAccessPolicyRule', {
  keys: ['PolicyRuleName'],
  properties: {
    CreationClassName: text,
    ElementName: text,
    ExtendedData: binary,
    PolicyRuleName: text,
    SystemCreationClassName: text,
    SystemName: text,
    Trigger: integer,
    TunnelLifeTime: integer,
  },
})
