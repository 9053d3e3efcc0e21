import { faultTable } from '@outrider/protocols/values'

export const localManagementFaults = faultTable({
  MEI_NO_ANSWER: {
    kind: 'timeout',
    message: 'The {client} client of the management engine did not answer within {seconds} seconds.',
    remedy: 'Try again; where it stays so, power the machine off completely, mains included, for a minute.',
  },
  AMTHI_REFUSED: {
    kind: 'device',
    message: 'AMT refused {command}: {status}.',
    remedy:
      'Look up the status; NOT_READY and INVALID_PROVISIONING_STATE mean that AMT is in another state than expected.',
  },
  LME_NO_ANSWER: {
    kind: 'timeout',
    message: 'AMT did not open its port {port} on the local interface within {seconds} seconds.',
    remedy: 'Try again in a minute: AMT is busy or restarts.',
  },
  LME_OPEN_REFUSED: {
    kind: 'device',
    message: 'AMT does not open its port {port} on the local interface: {reason}.',
    remedy: 'AMT may be disabled in BIOS, or accept only TLS on the local interface (port 16993).',
  },
  LME_DISCONNECTED: {
    kind: 'unavailable',
    message: 'AMT ended the local connection: {reason}.',
    remedy: 'Try again; where it stays so, note the firmware version and report this.',
  },
  LME_OVERFLOW: {
    kind: 'protocol',
    message: 'AMT asks faster on the local interface than it takes answers.',
    remedy: 'Try again; where it stays so, note the firmware version and report this.',
  },
  LME_CLOSED: {
    kind: 'unavailable',
    message: 'The local connection to AMT was closed.',
    remedy: 'Nothing needs to be done: whoever closed it was done with it.',
  },
  LMS_NOT_READY: {
    kind: 'unavailable',
    message: 'LMS is up but its local port is not ready',
    remedy: 'Look at the state of the LMS service (`systemctl status lms`) and restart it.',
  },
})
