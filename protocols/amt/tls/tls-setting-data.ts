import { cimClass, flag, list, text } from '../../wsman/cim.ts'

/** TLS of the network side (`… 802.3 TLS Settings`) and the local one (`… LMS TLS Settings`); changes wait for
 * `CommitChanges` (reference/amt-firmware.md 8.12). */
export const AMT_TLSSettingData = cimClass('AMT_TLSSettingData', {
  keys: ['InstanceID'],
  properties: {
    AcceptNonSecureConnections: flag,
    ElementName: text,
    Enabled: flag,
    InstanceID: text,
    MutualAuthentication: flag,
    NonSecureConnectionsSupported: flag,
    TrustedCN: list(text),
  },
})
