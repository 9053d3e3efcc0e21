import { cimClass, datetime, integer, method, text } from '../../wsman/cim.ts'
import { STATE_CHANGE } from '../return-values.ts'

/** `RequestedState` of user-initiated connections: which interfaces may ask for one. */
export const USER_CONNECTION_STATE = { none: 32768, bios: 32769, os: 32770, both: 32771 } as const

/** Whether a user at the machine may ask for a tunnel (reference/amt-firmware.md 8.13). */
export const AMT_UserInitiatedConnectionService = cimClass('AMT_UserInitiatedConnectionService', {
  properties: {
    CreationClassName: text,
    ElementName: text,
    EnabledState: integer,
    InstallDate: datetime,
    LastConnectionReason: integer,
    Name: text,
    SystemCreationClassName: text,
    SystemName: text,
  },
  methods: {
    RequestStateChange: method({ RequestedState: integer }, {}, { returns: STATE_CHANGE }),
  },
})
