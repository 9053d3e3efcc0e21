import { faultTable } from '@outrider/protocols/values'

/** Faults of the simulated firmware itself; what a device answers on a wire is not a fault. */
export const firmwareFaults = faultTable({
  FIRMWARE_FLASH_UNREADABLE: {
    kind: 'invalid',
    message: 'The flash file {path} of this simulated device cannot be read as one.',
    remedy: 'Give another --flash file, or remove this one: the device then starts as new.',
  },
  FIRMWARE_UNKNOWN_ACTION: {
    kind: 'invalid',
    message: 'The simulated device has no action {action}.',
    remedy: 'Ask GET /actions for the list.',
  },
  FIRMWARE_BAD_ACTION: {
    kind: 'invalid',
    message: 'The action {action} was given something it cannot use: {reason}.',
    remedy: 'Compare the request with GET /actions.',
  },
  FIRMWARE_STOPPED: {
    kind: 'unavailable',
    message: 'This simulated device has been switched off.',
    remedy: 'Start it again.',
  },
})
