import { cimClass, integer, reference } from '../../wsman/cim.ts'

/** `MpsType`: which environment the policy dials this server from. */
export const MPS_TYPE = { external: 0, internal: 1, both: 2 } as const

/** Which server a policy dials; both keys are references (reference/amt-firmware.md 8.13). */
export const AMT_RemoteAccessPolicyAppliesToMPS = cimClass('AMT_RemoteAccessPolicyAppliesToMPS', {
  keys: ['ManagedElement', 'PolicySet'],
  properties: {
    ManagedElement: reference,
    MpsType: integer,
    OrderOfAccess: integer,
    PolicySet: reference,
  },
})
