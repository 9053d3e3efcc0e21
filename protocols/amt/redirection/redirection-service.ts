import { cimClass, datetime, flag, integer, list, method, text } from '../../wsman/cim.ts'
import { STATE_CHANGE } from '../return-values.ts'

/** `EnabledState` and `RequestedState`: which of IDE-R and serial-over-LAN are on. */
export const REDIRECTION_STATE = { none: 32768, ider: 32769, sol: 32770, both: 32771 } as const

/** Serial-over-LAN, IDE-R and the port they share with KVM (reference/amt-firmware.md 8.8). */
export const AMT_RedirectionService = cimClass('AMT_RedirectionService', {
  properties: {
    AccessLog: list(text),
    CreationClassName: text,
    ElementName: text,
    EnabledState: integer,
    InstallDate: datetime,
    ListenerEnabled: flag,
    Name: text,
    SystemCreationClassName: text,
    SystemName: text,
  },
  methods: {
    RequestStateChange: method({ RequestedState: integer }, {}, { returns: STATE_CHANGE }),
  },
})
