import { binary, cimClass, datetime, flag, text } from '../../wsman/cim.ts'

/** A certificate in the device's store (reference/amt-firmware.md 8.11). */
export const AMT_PublicKeyCertificate = cimClass('AMT_PublicKeyCertificate', {
  keys: ['InstanceID'],
  properties: {
    ElementName: text,
    Expires: datetime,
    InstanceID: text,
    Issued: datetime,
    Issuer: text,
    ReadOnlyCertificate: flag,
    Subject: text,
    // Spelt so by the firmware.
    TrustedRootCertficate: flag,
    X509Certificate: binary,
  },
})
