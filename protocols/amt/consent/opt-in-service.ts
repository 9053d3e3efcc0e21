import { cimClass, datetime, integer, method, text } from '../../wsman/cim.ts'
import { OPT_IN } from '../return-values.ts'

/** `OptInRequired`: for what the person at the machine must consent. */
export const OPT_IN_REQUIRED = { none: 0, kvm: 1, all: 4294967295 } as const
/** `OptInState`. */
export const OPT_IN_STATE = { notStarted: 0, requested: 1, displayed: 2, received: 3, inSession: 4 } as const

/** User consent by a code shown on the machine's screen (reference/amt-firmware.md 8.7). */
export const IPS_OptInService = cimClass('IPS_OptInService', {
  properties: {
    CanModifyOptInPolicy: integer,
    CreationClassName: text,
    ElementName: text,
    InstallDate: datetime,
    Name: text,
    OptInCodeTimeout: integer,
    OptInDisplayTimeout: integer,
    OptInRequired: integer,
    OptInState: integer,
    SystemCreationClassName: text,
    SystemName: text,
  },
  methods: {
    StartOptIn: method({}, {}, { returns: OPT_IN }),
    /** A wrong code counts against three tries. */
    SendOptInCode: method({ OptInCode: integer }, {}, { once: true, returns: OPT_IN }),
    CancelOptIn: method({}, {}, { returns: OPT_IN }),
  },
})
