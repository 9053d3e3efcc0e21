import { faultTable } from '../values/index.ts'

/**
 * What can be wrong with a message. Where an existing server answers a text of its own, the message is that
 * text, because clients show it (reference/rps.md 1.5, 1.6).
 */
export const rpsFaults = faultTable({
  RPS_TOO_LONG: {
    kind: 'protocol',
    message: 'A message of {length} bytes came; at most {limit} are taken.',
    remedy: 'Check what is connected to this port; the connection was closed.',
  },
  RPS_MALFORMED: {
    kind: 'protocol',
    message: 'The peer sent something that is not a provisioning message: {reason}.',
    remedy: 'Check that the URL is that of a provisioning server and that both sides are up to date.',
  },
  RPS_PAYLOAD_UNREADABLE: {
    kind: 'invalid',
    message: 'Failed to parse client message payload. {reason}',
    remedy: 'Update the provisioning client; what it sent about the device is not JSON in base64.',
  },
  RPS_PAYLOAD_INCOMPLETE: {
    kind: 'invalid',
    message: 'Invalid payload from client',
    remedy: 'Update the provisioning client; {field} of the device is missing in what it sent.',
  },
  RPS_COMMAND_MALFORMED: {
    kind: 'invalid',
    message: 'The command of the client cannot be read: {reason}.',
    remedy: 'Give the command as its documentation says, e.g. `activate --profile NAME`.',
  },
  RPS_VERSION_UNSUPPORTED: {
    kind: 'invalid',
    message: 'Error: protocol version NOT supported: {version}',
    remedy: 'Use a client and a server whose protocol has the same major version.',
  },
})
