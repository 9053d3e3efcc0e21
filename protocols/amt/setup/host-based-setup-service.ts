import { binary, cimClass, datetime, flag, integer, list, method, secretText, text } from '../../wsman/cim.ts'
import { CERTIFICATE_CHAIN, HOST_BASED_SETUP } from '../return-values.ts'

/** `CurrentControlMode` and `AllowedControlModes` (reference/amt-firmware.md 8.3). */
export const CONTROL_MODE = { none: 0, client: 1, admin: 2 } as const
/** `NetAdminPassEncryptionType`: the password is given as the digest's HA1, 32 hexadecimal digits. */
export const HTTP_DIGEST_MD5_A1 = 2
/** `SigningAlgorithm`: RSA PKCS#1 v1.5 over SHA-256. */
export const RSA_SHA2_256 = 2

/** Activation from the host's own side (reference/amt-firmware.md 8.3, 9.1, 9.2). */
export const IPS_HostBasedSetupService = cimClass('IPS_HostBasedSetupService', {
  properties: {
    AllowedControlModes: list(integer),
    CertChainStatus: integer,
    ConfigurationNonce: binary,
    CreationClassName: text,
    CurrentControlMode: integer,
    ElementName: text,
    InstallDate: datetime,
    Name: text,
    SystemCreationClassName: text,
    SystemName: text,
  },
  methods: {
    /** Into client control mode. `NetworkAdminPassword` is HA1 of `admin` in the device's realm. */
    Setup: method(
      { NetAdminPassEncryptionType: integer, NetworkAdminPassword: secretText },
      {},
      { once: true, returns: HOST_BASED_SETUP },
    ),
    AddNextCertInChain: method(
      { NextCertificate: binary, IsLeafCertificate: flag, IsRootCertificate: flag },
      {},
      { once: true, returns: CERTIFICATE_CHAIN },
    ),
    /** Into admin control mode; `DigitalSignature` is over `ConfigurationNonce` then `McNonce`. */
    AdminSetup: method(
      {
        NetAdminPassEncryptionType: integer,
        NetworkAdminPassword: secretText,
        McNonce: binary,
        SigningAlgorithm: integer,
        DigitalSignature: binary,
      },
      {},
      { once: true, returns: HOST_BASED_SETUP },
    ),
    UpgradeClientToAdmin: method(
      { McNonce: binary, SigningAlgorithm: integer, DigitalSignature: binary },
      {},
      { once: true, returns: HOST_BASED_SETUP },
    ),
  },
})
