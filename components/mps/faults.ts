import { faultTable } from '@outrider/protocols/values'

export const mpsFaults = faultTable({
  DEVICE_NOT_CONNECTED: {
    kind: 'unavailable',
    message:
      'Device not found/connected. Please connect again using CIRA. The device {guid} has no tunnel to this server.',
    remedy:
      'Check that the machine has power and network, and that it reaches this server on its CIRA port; it dials again by itself.',
  },
  DEVICE_UNKNOWN: {
    kind: 'missing',
    message: 'Device ID {guid} not found',
    remedy: 'Check the GUID; it is the one the management engine reports, which may differ from that of the BIOS.',
  },
  DEVICE_OF_ANOTHER_PROJECT: {
    kind: 'conflict',
    message: 'The device {guid} belongs to another project.',
    remedy: 'Delete it there first, or ask the administrator whose machine it is.',
  },
  DEVICE_SECRET_MISSING: {
    kind: 'unavailable',
    message: 'The stored AMT password of the device {guid} is missing.',
    remedy: 'Activate the device anew, or restore the secret store from its backup.',
  },
  CIRA_BACKLOG_FULL: {
    kind: 'unavailable',
    message: 'More devices dial at once than may wait for their handshake.',
    remedy: 'Devices try again by themselves; raise `handshakeBacklog` where it stays so.',
  },
})
