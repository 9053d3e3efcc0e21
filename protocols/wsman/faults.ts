import { faultTable } from '../values/index.ts'

export const wsmanFaults = faultTable({
  WSMAN_UNAUTHORIZED: {
    kind: 'auth',
    message: 'The device refused the credentials of {username}.',
    remedy: 'Check that the stored AMT password is the one the device has; activate the device again if it is not.',
  },
  WSMAN_FAULT: {
    kind: 'device',
    message: 'The device answered {resource} with the fault {subcode}: {reason}',
    remedy: 'Check that the firmware version and control mode of the device allow this.',
  },
  WSMAN_NOT_FOUND: {
    kind: 'missing',
    message: 'The device has no such class or instance: {resource}.',
    remedy: 'Check that the firmware version of the device has this feature and that it is configured.',
  },
  WSMAN_NO_REPLY: {
    kind: 'timeout',
    message: 'The device did not answer {action} on {resource}: {why}.',
    remedy: 'Look at what state the device is in before asking again: the request may have been carried out.',
  },
  WSMAN_CLOSED: {
    kind: 'unavailable',
    message: 'The conversation with the device was ended on this side.',
    remedy: 'Start it again; what was asked and not answered may have been carried out.',
  },
  WSMAN_MALFORMED: {
    kind: 'protocol',
    message: 'The peer sent something that is not WS-MAN: {reason}.',
    remedy: 'Check that AMT answers at this address; the connection was closed.',
  },
  WSMAN_UNWRITABLE: {
    kind: 'invalid',
    message: 'A text has a character that cannot be sent to a device: {reason}.',
    remedy: 'Remove control characters and broken characters from the text.',
  },
  AMT_REFUSED: {
    kind: 'device',
    message: 'The device refused {method} with {status} ({returnValue}).',
    remedy: 'Look the status up in the AMT reference; it names what the firmware objects to.',
  },
})
