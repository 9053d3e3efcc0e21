import { cimClass, secretText, text } from '../../wsman/cim.ts'

/** What the device logs in with at a server; `Secret` is never read back (reference/amt-firmware.md 8.13). */
export const AMT_MPSUsernamePassword = cimClass('AMT_MPSUsernamePassword', {
  keys: ['InstanceID'],
  properties: {
    InstanceID: text,
    RemoteID: text,
    Secret: secretText,
  },
})
