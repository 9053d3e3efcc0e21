import { cimClass, reference, text } from '../../wsman/cim.ts'

/** Which certificate the device shows; both keys are references (reference/amt-firmware.md 8.12). */
export const AMT_TLSCredentialContext = cimClass('AMT_TLSCredentialContext', {
  keys: ['ElementInContext', 'ElementProvidingContext'],
  properties: {
    ElementInContext: reference,
    ElementProvidingContext: reference,
  },
})

/** What a credential context provides for: the firmware writes `TLSProtocolEndpoint Instances Collection`, clients
 * leave the first space out (reference/amt-firmware.md 8.12). */
export const AMT_TLSProtocolEndpointCollection = cimClass('AMT_TLSProtocolEndpointCollection', {
  keys: ['ElementName'],
  properties: { ElementName: text },
})
