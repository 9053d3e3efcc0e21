import { faultTable } from '../values/index.ts'

export const wireFaults = faultTable({
  WIRE_MALFORMED: {
    kind: 'protocol',
    message: 'The peer sent bytes that are not a {protocol} message: {reason}.',
    remedy: 'Check what is connected to this port; the connection was closed.',
  },
  WIRE_TRUNCATED: {
    kind: 'protocol',
    message: 'The {protocol} stream ended inside a message.',
    remedy: 'The peer or the network cut the connection; it may simply be tried again.',
  },
  WIRE_TOO_LONG: {
    kind: 'protocol',
    message: 'The peer announced a {protocol} field of {length} bytes; at most {limit} are taken.',
    remedy: 'Check what is connected to this port; the connection was closed.',
  },
})
