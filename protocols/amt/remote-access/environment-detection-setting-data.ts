import { cimClass, integer, list, text } from '../../wsman/cim.ts'

/** Domains that count as inside: elsewhere the device dials out (reference/amt-firmware.md 8.13, 11.1). */
export const AMT_EnvironmentDetectionSettingData = cimClass('AMT_EnvironmentDetectionSettingData', {
  properties: {
    DetectionAlgorithm: integer,
    DetectionIPv6LocalPrefixes: list(text),
    DetectionStrings: list(text),
    ElementName: text,
    InstanceID: text,
  },
})
