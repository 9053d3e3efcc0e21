import { faultTable } from '@outrider/protocols/values'

export const ciraFaults = faultTable({
  DEVICE_DISCONNECTED: {
    kind: 'unavailable',
    message: 'The CIRA tunnel of the device ended ({why}).',
    remedy: 'Wait for the device to connect again; if it does not, check its network and its CIRA configuration.',
  },
  CIRA_PORT_NOT_FORWARDED: {
    kind: 'device',
    message: 'The device does not offer its port {port} through the tunnel.',
    remedy: 'Enable the feature behind that port on the device, or use the port it offers ({ports}).',
  },
  CIRA_CHANNEL_REFUSED: {
    kind: 'unavailable',
    message: 'The device refused a channel to its port {port}: {reason}.',
    remedy: 'Try again in a moment; firmware serves only a few channels at a time.',
  },
  CIRA_CHANNELS_BUSY: {
    kind: 'unavailable',
    message: 'All {limit} channels to the device are in use and {waiting} requests wait already.',
    remedy: 'Try again when the requests before it are done.',
  },
  CIRA_CHANNEL_CLOSED: {
    kind: 'unavailable',
    message: 'The channel to port {port} of the device was closed by {by}.',
    remedy: 'Try again; firmware closes idle channels as it likes.',
  },
  CIRA_HANDSHAKE_TIMEOUT: {
    kind: 'timeout',
    message: 'A connection to the CIRA port was not authenticated within {milliseconds} ms.',
    remedy: 'Check the network between the device and this server; the device tries again by itself.',
  },
  CIRA_TOO_MANY_BYTES: {
    kind: 'protocol',
    message: 'A connection to the CIRA port sent more than {limit} bytes before it was authenticated.',
    remedy: 'Check what is connected to this port; AMT needs a few hundred bytes.',
  },
  CIRA_CREDENTIALS_REFUSED: {
    kind: 'auth',
    message: 'The device was refused: its CIRA user or password is wrong.',
    remedy: 'Configure CIRA on the device again, so that both sides have the same credentials.',
  },
  CIRA_DEVICE_UNKNOWN: {
    kind: 'missing',
    message: 'A device connected that nobody has registered.',
    remedy: 'Register the device, or remove the CIRA configuration that sends it here.',
  },
  CIRA_VERDICT_UNAVAILABLE: {
    kind: 'unavailable',
    message: 'The credentials of the device could not be looked up.',
    remedy: 'Check the database and the secret store; the device tries again by itself.',
  },
  CIRA_VISITOR: {
    kind: 'protocol',
    message: 'A web browser or a probe asked the CIRA port for a page.',
    remedy: 'Nothing needs to be done; use the HTTPS port for pages and health checks.',
  },
  CIRA_SERVER_GONE: {
    kind: 'unavailable',
    message: 'The tunnel to the management server ended ({why}).',
    remedy: 'The device connects again by itself; if it does not, check the server and the network.',
  },
})
