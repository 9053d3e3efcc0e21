import { binary, cimClass, datetime, text } from '../../wsman/cim.ts'

/** A key pair in the device's store; `DERKey` is the PKCS#1 public key (reference/amt-firmware.md 8.11). */
export const AMT_PublicPrivateKeyPair = cimClass('AMT_PublicPrivateKeyPair', {
  keys: ['InstanceID'],
  properties: {
    DERKey: binary,
    ElementName: text,
    Expires: datetime,
    InstanceID: text,
    Issued: datetime,
  },
})
