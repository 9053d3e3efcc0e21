import { faultTable } from '@outrider/protocols/values'

/** Faults of power operations. `state` and `request` are in an operator's words. */
export const powerFaults = faultTable({
  POWER_TRANSITION_ILLEGAL: {
    kind: 'conflict',
    message: 'The machine is {state}: {request} is not possible from there.',
    remedy: 'Bring the machine into a state the request starts from (power it on first, as a rule), and ask again.',
  },
  POWER_NOT_SUPPORTED: {
    kind: 'conflict',
    message: 'The machine does not take {request} now (it is {state}).',
    remedy:
      'Sleep, hibernate and soft requests need a running operating system with the local management service; use off, reset or power-cycle instead.',
  },
  POWER_STATE_NOT_REACHED: {
    kind: 'timeout',
    message: 'The machine took the request for {request}, but is still {state}.',
    remedy:
      'Look at the machine: its operating system may be stuck. Ask for power off with the immediate policy if it is.',
  },
  POWER_BUSY: {
    kind: 'timeout',
    message: 'The machine was busy with an earlier power request until the deadline; {request} was not done.',
    remedy: 'Wait until the earlier request is through, and ask again.',
  },
  OUTCOME_UNKNOWN: {
    kind: 'timeout',
    message: 'The request for {request} was sent, and whether the machine did it cannot be known.',
    remedy: 'Look at the machine. It is not sent again by itself: ask again if it is still wanted.',
  },
})
