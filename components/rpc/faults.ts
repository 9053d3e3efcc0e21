import { faultTable } from '@outrider/protocols/values'

/** What can go wrong in RPC itself. Each has an exit code in `exit-codes.ts`. */
export const rpcFaults = faultTable({
  RPC_USAGE: {
    kind: 'invalid',
    message: '{reason}',
    remedy: 'See `rpc --help`.',
  },
  RPC_COMBINATION: {
    kind: 'invalid',
    message: '{reason}',
    remedy: 'See `rpc --help`.',
  },
  RPC_NO_URL: {
    kind: 'invalid',
    message: '{reason}',
    remedy: 'Name the provisioning server: `-u wss://HOST/activate`, or RPC_URL in the environment.',
  },
  RPC_NO_PROFILE: {
    kind: 'invalid',
    message: '--profile is required for remote activation with ws/wss URLs',
    remedy: 'Give `--profile NAME`, or PROFILE in the environment.',
  },
  RPC_NO_PASSWORD: {
    kind: 'invalid',
    message: 'the device is activated and no AMT password was given',
    remedy: 'Put the AMT password into the environment (AMT_PASSWORD) or a file (--password-file).',
  },
  RPC_PASSWORD_FILE: {
    kind: 'invalid',
    message: 'the password file {file} cannot be read',
    remedy: 'Check that the file exists and that this user may read it.',
  },
  RPC_CA_FILE: {
    kind: 'invalid',
    message: 'the CA file {file} cannot be read',
    remedy: 'Check that the file exists, holds PEM certificates, and that this user may read it.',
  },
  RPC_BAD_UUID: {
    kind: 'device',
    message: 'the UUID of this machine was never set: {uuid}',
    remedy: 'Set the UUID with the tool of the board maker; it cannot be managed under this one.',
  },
  RPC_NOT_BUILT: {
    kind: 'invalid',
    message: '{what} is not part of this RPC',
    remedy: 'Give --url with the address of a provisioning server.',
  },
  AMT_DISABLED_IN_BIOS: {
    kind: 'device',
    message: 'AMT is disabled in BIOS and cannot be enabled from here: {bar}',
    remedy: 'Enable Intel AMT in the BIOS (MEBx) of the machine.',
  },
  RPS_UNREACHABLE: {
    kind: 'unavailable',
    message: 'the provisioning server {url} cannot be reached: {reason}',
    remedy: 'Check the URL, name resolution, firewall and proxy between this machine and the server.',
  },
  RPS_CERTIFICATE_REFUSED: {
    kind: 'auth',
    message: 'the certificate of the provisioning server {url} is not trusted: {reason}',
    remedy: 'Give the CA of the server with --ca-file or RPC_CA_FILE; -n turns the check off.',
  },
  RPS_UNAUTHORIZED: {
    kind: 'auth',
    message: 'the provisioning server {url} refused the connection with status {status}',
    remedy: 'Check the URL, and whether this machine may use that server.',
  },
  RPS_NOT_WEBSOCKET: {
    kind: 'invalid',
    message: 'the server {url} does not speak WebSocket there: it answered with status {status}',
    remedy: 'Check the path of the URL; for a provisioning server it ends in /activate.',
  },
  RPS_CLOSED: {
    kind: 'unavailable',
    message: 'rps connection closed unexpectedly',
    remedy: 'Try again; look in the log of the provisioning server for the reason.',
  },
  RPS_TOO_FAST: {
    kind: 'protocol',
    message: 'the provisioning server sent more than {limit} requests without waiting for an answer',
    remedy: 'Check that the URL is that of a provisioning server.',
  },
  RPS_REFUSED: {
    kind: 'device',
    message: 'rps returned error: {status}',
    remedy: 'The text is that of the provisioning server; its log has the details.',
  },
  AMT_REFUSED_PASSWORD: {
    kind: 'auth',
    message: 'rps returned error: {status}',
    remedy: 'The AMT password is not the one the device has; deactivate the device and activate it again.',
  },
  RPC_INTERRUPTED: {
    kind: 'conflict',
    message: 'interrupted by user',
    remedy: 'Run it again; what the device was told before stays told.',
  },
  DEVICE_NOT_ACTIVATED: {
    kind: 'conflict',
    message: 'Deactivation failed. Device control mode: not activated',
    remedy: 'Nothing needs to be done.',
  },
  AMT_WRONG_PASSWORD: {
    kind: 'auth',
    message: 'Unable to authenticate with AMT',
    remedy: 'Give the AMT password the device was activated with, or deactivate it through the provisioning server.',
  },
  AMT_NOT_DEACTIVATED: {
    kind: 'device',
    message: 'Status: Unable to deactivate {reason}',
    remedy: 'Look up the status; where it stays so, deactivate the device through the provisioning server.',
  },
  AMT_STILL_ACTIVATED: {
    kind: 'device',
    message: 'the device says it is deactivated and still is in control mode {mode}',
    remedy: 'Try again; where it stays so, clear CMOS.',
  },
  AMT_SILENT: {
    kind: 'timeout',
    message: 'nothing came within {seconds} seconds',
    remedy:
      'Nothing needs to be done: the provisioning server is told and decides; where it stays so, restart the machine.',
  },
  AMT_LOCAL_PORT_CLOSED: {
    kind: 'unavailable',
    message: 'AMT did not open its port {port} after {attempts} attempts',
    remedy: 'Try again in a minute; where it stays so, restart LMS.',
  },
})
