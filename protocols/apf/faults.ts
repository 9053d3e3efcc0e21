import { faultTable } from '../values/index.ts'

export const apfFaults = faultTable({
  APF_UNEXPECTED_MESSAGE: {
    kind: 'protocol',
    message: 'The peer sent the APF message {message} where the protocol has no place for it (phase {phase}).',
    remedy: 'Check what is connected to this port; if it is AMT, note its firmware version and report this.',
  },
  APF_UNKNOWN_SERVICE: {
    kind: 'protocol',
    message: 'The peer asked for an APF service that does not exist, or not at this point (phase {phase}).',
    remedy: 'Check what is connected to this port; if it is AMT, note its firmware version and report this.',
  },
  APF_VERSION_UNSUPPORTED: {
    kind: 'protocol',
    message: 'The peer speaks APF version {major}.{minor}; only version 1 is known.',
    remedy: 'Check whether a newer release of this service knows that version.',
  },
  APF_WINDOW_OVERRUN: {
    kind: 'protocol',
    message: 'The peer sent {bytes} bytes on a channel that had room for {left}.',
    remedy: 'Nothing needs to be done unless it happens again; then note the firmware version and report this.',
  },
  APF_WINDOW_OVERFLOW: {
    kind: 'protocol',
    message: 'The peer raised the window of a channel beyond 32 bits.',
    remedy: 'Check what is connected to this port; the connection was closed.',
  },
})
