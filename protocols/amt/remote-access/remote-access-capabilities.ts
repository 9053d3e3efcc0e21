import { cimClass, integer, text } from '../../wsman/cim.ts'

/** How many servers and policies this firmware takes (reference/amt-firmware.md 8.13). */
export const AMT_RemoteAccessCapabilities = cimClass('AMT_RemoteAccessCapabilities', {
  properties: {
    ElementName: text,
    InstanceID: text,
    MaxMpsPerPolicy: integer,
    MaxTotalMpServers: integer,
    MaxTotalPolicies: integer,
    MaxTotalProxyEntryPoints: integer,
  },
})
