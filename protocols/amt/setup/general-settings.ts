import { cimClass, flag, integer, text } from '../../wsman/cim.ts'

/** Host name, network and privacy settings; also says the digest realm (reference/amt-firmware.md 8.1). */
export const AMT_GeneralSettings = cimClass('AMT_GeneralSettings', {
  properties: {
    AMTNetworkEnabled: integer,
    DDNSPeriodicUpdateInterval: integer,
    DDNSTTL: integer,
    DDNSUpdateByDHCPServerEnabled: flag,
    DDNSUpdateEnabled: flag,
    DHCPSyncRequiresHostname: integer,
    DHCPv6ConfigurationTimeout: integer,
    DigestRealm: text,
    DomainName: text,
    ElementName: text,
    HostName: text,
    HostOSFQDN: text,
    IdleWakeTimeout: integer,
    InstanceID: text,
    NetworkInterfaceEnabled: flag,
    OemID: text,
    PingResponseEnabled: flag,
    PowerSource: integer,
    PreferredAddressFamily: integer,
    PresenceNotificationInterval: integer,
    PrivacyLevel: integer,
    RmcpPingResponseEnabled: flag,
    SharedFQDN: flag,
    ThunderboltDockEnabled: integer,
    WsmanOnlyMode: flag,
  },
})
