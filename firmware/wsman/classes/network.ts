import { AMT_EthernetPortSettings, CIM_WiFiEndpointSettings, IPS_IEEE8021xSettings } from '@outrider/protocols/amt'
import type { FieldValue } from '../../state/flash-state.ts'
import { classModel, refuse, returns } from '../model.ts'

// Ports and 802.1x (amt-firmware.md 8.9, 8.10).

const PORT = 'Intel(r) AMT Ethernet Port Settings'
const WIRED = `${PORT} 0`
const WIRELESS = `${PORT} 1`
const WIRED_8021X = 'Intel(r) AMT: 8021X Settings'
const INVALID_PARAMETER = 36

const STATIC_FIELDS = ['IPAddress', 'SubnetMask', 'DefaultGateway', 'PrimaryDNS', 'SecondaryDNS'] as const
const WRITABLE = [
  ...STATIC_FIELDS,
  'DHCPEnabled',
  'IpSyncEnabled',
  'SharedStaticIp',
  'LinkPolicy',
  'VLANTag',
  'ConsoleTcpMaxRetransmissions',
] as const

const dashed = (mac: string): string => mac.replaceAll(':', '-').toLowerCase()

export const networkClasses = [
  classModel(AMT_EthernetPortSettings, {
    subject: 'general',
    instances: ({ state, device }) => [
      {
        SharedDynamicIP: true,
        SharedMAC: true,
        ...state.settings.ethernet.wired,
        ElementName: PORT,
        InstanceID: WIRED,
        LinkIsUp: state.host.linkUp,
        MACAddress: dashed(device.identity.wiredMac),
        PhysicalConnectionType: 0,
        PhysicalNicMedium: 0,
      },
      {
        SharedMAC: true,
        ...state.settings.ethernet.wireless,
        ElementName: PORT,
        InstanceID: WIRELESS,
        LinkControl: 2,
        LinkIsUp: false,
        MACAddress: dashed(device.identity.wirelessMac),
        PhysicalConnectionType: 3,
        WLANLinkProtectionLevel: 1,
      },
    ],
    put: ({ state: { settings } }, instance, found) => {
      if (instance.DHCPEnabled === undefined) return refuse('InvalidRepresentation')
      const automatic = instance.DHCPEnabled || instance.IpSyncEnabled === true
      if (automatic && STATIC_FIELDS.some((name) => (instance[name] ?? '') !== ''))
        return refuse('InvalidRepresentation')
      const port = found.InstanceID === WIRED ? settings.ethernet.wired : settings.ethernet.wireless
      // Missing address fields are cleared, unlike anywhere else (6.4).
      for (const name of STATIC_FIELDS) delete port[name]
      for (const name of WRITABLE) {
        const value = instance[name]
        if (value !== undefined) port[name] = value as FieldValue
      }
      return undefined
    },
    methods: {
      SetLinkPreference: ({ state: { settings } }, { LinkPreference }, found) => {
        if (found?.InstanceID !== WIRELESS) return returns(INVALID_PARAMETER)
        if (LinkPreference !== 1 && LinkPreference !== 2) return returns(INVALID_PARAMETER)
        settings.ethernet.wireless.LinkPreference = LinkPreference
        return returns(0)
      },
    },
  }),

  classModel(IPS_IEEE8021xSettings, {
    subject: 'security',
    instances: ({ state }) => [{ ...state.settings.ieee8021x, ElementName: WIRED_8021X, InstanceID: WIRED_8021X }],
    put: ({ state: { settings } }, instance) => {
      const enabled = instance.Enabled ?? 3
      if (enabled !== 2 && enabled !== 3 && enabled !== 6) return refuse('InvalidRepresentation')
      const keep: Record<string, FieldValue> = { Enabled: enabled }
      const given = instance as Readonly<Record<string, unknown>>
      for (const name of [
        'AvailableInS0',
        'PxeTimeout',
        'AuthenticationProtocol',
        'Username',
        'Domain',
        'RoamingIdentity',
      ]) {
        const value = given[name] ?? settings.ieee8021x[name]
        if (value !== undefined) keep[name] = value as FieldValue
      }
      settings.ieee8021x = keep
      return undefined
    },
    methods: { SetCertificates: () => returns(1) },
  }),

  classModel(CIM_WiFiEndpointSettings, {
    subject: 'general',
    instances: ({ state }) =>
      state.settings.wifi.profiles.map(({ fields, instanceId }) => ({ ...fields, InstanceID: instanceId })),
    delete: ({ state: { settings } }, found) => {
      // Priority 0 came from the user of the machine and is not a tool's to delete.
      if (found.Priority === 0) return refuse('AccessDenied')
      settings.wifi.profiles = settings.wifi.profiles.filter(({ instanceId }) => instanceId !== found.InstanceID)
      return undefined
    },
  }),
]
