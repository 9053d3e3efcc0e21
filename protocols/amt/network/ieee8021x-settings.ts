import { binary, cimClass, flag, integer, method, reference, secretText, text } from '../../wsman/cim.ts'

/** Wired 802.1x (reference/amt-firmware.md 8.10). */
export const IPS_IEEE8021xSettings = cimClass('IPS_IEEE8021xSettings', {
  properties: {
    AuthenticationProtocol: integer,
    AvailableInS0: flag,
    Domain: text,
    ElementName: text,
    Enabled: integer,
    InstanceID: text,
    PACPassword: secretText,
    PSK: secretText,
    Password: secretText,
    ProtectedAccessCredential: binary,
    PxeTimeout: integer,
    RoamingIdentity: text,
    ServerCertificateName: text,
    ServerCertificateNameComparison: integer,
    Username: text,
  },
  methods: {
    SetCertificates: method(
      { ServerCertificateIssuer: reference, ClientCertificate: reference },
      {},
      { returns: { 0: 'COMPLETED_WITH_NO_ERROR', 1: 'NOT_SUPPORTED' } },
    ),
  },
})
