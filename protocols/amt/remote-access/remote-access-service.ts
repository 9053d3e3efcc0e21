import { binary, cimClass, datetime, flag, integer, method, reference, secretText, text } from '../../wsman/cim.ts'

/** `InfoFormat` of an access point: what `AccessInfo` holds. */
export const INFO_FORMAT = { ipv4: 3, ipv6: 4, fqdn: 201 } as const
/** `AuthMethod` of a management presence server. */
export const MPS_AUTHENTICATION = { mutualTls: 1, usernamePassword: 2 } as const
/** `Trigger` of a remote access policy. */
export const POLICY_TRIGGER = { userInitiated: 0, alert: 1, periodic: 2, homeProvisioning: 3 } as const

/** Where and when the device dials home (reference/amt-firmware.md 8.13, 11). */
export const AMT_RemoteAccessService = cimClass('AMT_RemoteAccessService', {
  properties: {
    CreationClassName: text,
    ElementName: text,
    InstallDate: datetime,
    IsRemoteTunnelConnected: flag,
    Name: text,
    RemoteTunnelKeepAliveTimeout: integer,
    SystemCreationClassName: text,
    SystemName: text,
  },
  methods: {
    /** `Username` and `Password` of at most 16 characters; `CN` only where `AccessInfo` is an address. */
    AddMpServer: method(
      {
        AccessInfo: text,
        InfoFormat: integer,
        Port: integer,
        AuthMethod: integer,
        Certificate: reference,
        Username: text,
        Password: secretText,
        CN: text,
      },
      { MpServer: reference },
      { once: true },
    ),
    /** `ExtendedData` of a periodic policy: two big-endian words, type (0 interval) and seconds. */
    AddRemoteAccessPolicyRule: method(
      {
        Trigger: integer,
        TunnelLifeTime: integer,
        ExtendedData: binary,
        MpServer: reference,
        InternalMpServer: reference,
      },
      { PolicyRule: reference },
      { once: true },
    ),
    CloseRemoteAccessConnection: method({}),
  },
})
