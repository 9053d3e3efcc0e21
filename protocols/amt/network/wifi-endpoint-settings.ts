import { cimClass, integer, secretText, text } from '../../wsman/cim.ts'

/** A Wi-Fi profile; priority 0 was synchronised from the user and cannot be deleted (reference/amt-firmware.md 8.10). */
export const CIM_WiFiEndpointSettings = cimClass('CIM_WiFiEndpointSettings', {
  keys: ['InstanceID'],
  properties: {
    AuthenticationMethod: integer,
    BSSType: integer,
    ElementName: text,
    EncryptionMethod: integer,
    InstanceID: text,
    /** Never read back. */
    PSKPassPhrase: secretText,
    Priority: integer,
    SSID: text,
  },
})
