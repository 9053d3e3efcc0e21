import { cimClass, flag, integer, list, method, text } from '../../wsman/cim.ts'

/** Wired is `… Settings 0`, wireless `… Settings 1` (reference/amt-firmware.md 8.9). */
export const AMT_EthernetPortSettings = cimClass('AMT_EthernetPortSettings', {
  keys: ['InstanceID'],
  properties: {
    ConsoleTcpMaxRetransmissions: integer,
    DHCPEnabled: flag,
    DefaultGateway: text,
    ElementName: text,
    IPAddress: text,
    InstanceID: text,
    IpSyncEnabled: flag,
    LinkControl: integer,
    LinkIsUp: flag,
    LinkPolicy: list(integer),
    LinkPreference: integer,
    MACAddress: text,
    PhysicalConnectionType: integer,
    PhysicalNicMedium: integer,
    PrimaryDNS: text,
    SecondaryDNS: text,
    SharedDynamicIP: flag,
    SharedMAC: flag,
    SharedStaticIp: flag,
    SubnetMask: text,
    VLANTag: integer,
    WLANLinkProtectionLevel: integer,
  },
  methods: {
    /** On the wireless instance only; `Timeout` in seconds. */
    SetLinkPreference: method({ LinkPreference: integer, Timeout: integer }),
  },
})
