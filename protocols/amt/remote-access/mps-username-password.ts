import { cimClass, datetime, secretText, text } from '../../wsman/cim.ts'

/** What the device logs in with at a server; `Secret` is never read back (reference/amt-firmware.md 8.13). */
export const AMT_MPSUsernamePassword = cimClass('AMT_MPSUsernamePassword', {
  keys: ['InstanceID'],
  properties: {
    Expires: datetime,
    InstanceID: text,
    Issued: datetime,
    RemoteID: text,
    Secret: secretText,
  },
})
