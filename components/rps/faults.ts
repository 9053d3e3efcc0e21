import { faultTable } from '@outrider/protocols/values'

export const rpsFaults = faultTable({
  TICKET_REFUSED: {
    kind: 'denied',
    message: 'This activation was not admitted: the one-time profile name is unknown, used or expired.',
    remedy: 'Start it with `orch-cli set host NAME --amt-state provisioned`; each order has a name of its own.',
  },
  TICKET_OTHER_PURPOSE: {
    kind: 'denied',
    message: 'The order was for another act than the one the node asked for.',
    remedy: 'Look whether the agent on the node was changed; the order is void and is given anew.',
  },
  TICKET_OTHER_MACHINE: {
    kind: 'denied',
    message: 'The order was for another machine than the one that presented it.',
    remedy: 'Look at the node this came from: an order was copied from one machine to another.',
  },
  PROFILE_NOT_FOUND: {
    kind: 'missing',
    message: 'There is no AMT profile {name}.',
    remedy: 'Look at the profiles of the project, or leave the choice to the default one.',
  },
  PROFILE_EXISTS: {
    kind: 'conflict',
    message: 'AMT profile {name} already exists',
    remedy: 'Choose another name, or change the present profile.',
  },
  PROFILE_INVALID: {
    kind: 'invalid',
    message: 'The AMT profile is not complete: {reason}',
    remedy: 'Correct the field that is named.',
  },
  PROFILE_SECRET_MISSING: {
    kind: 'unavailable',
    message: 'The stored password of profile {name} is missing.',
    remedy: 'Write the profile again with its password, or let passwords be random.',
  },
  CIRA_CONFIG_NOT_FOUND: {
    kind: 'missing',
    message: 'There is no CIRA config {name}.',
    remedy: 'Look at the CIRA configs of the project.',
  },
  CIRA_CONFIG_EXISTS: {
    kind: 'conflict',
    message: 'CIRA Config {name} already exists.',
    remedy: 'Choose another name, or change the present config.',
  },
  CIRA_CONFIG_IN_USE: {
    kind: 'conflict',
    message: 'CIRA Config: {name} is associated with an AMT profile',
    remedy: 'Change or delete the profiles that name it first.',
  },
  CIRA_CONFIG_INVALID: {
    kind: 'invalid',
    message: 'The CIRA config is not right: {reason}',
    remedy: 'Correct the field that is named.',
  },
  CONTROL_MODE_UNSUPPORTED: {
    kind: 'invalid',
    message: 'Activation in {mode} control mode is not possible with this profile.',
    remedy: 'Ask for client control mode, or choose a profile for it.',
  },
  RPC_SILENT: {
    kind: 'timeout',
    message: 'The provisioning client on the node did not answer within {seconds} seconds.',
    remedy: 'Look at the agent log of the node; the activation is tried again by itself.',
  },
  RPC_GONE: {
    kind: 'unavailable',
    message: 'The provisioning client on the node closed its connection before the end.',
    remedy: 'Look at the agent log of the node; the activation is tried again by itself.',
  },
  RPC_LOST_DEVICE: {
    kind: 'unavailable',
    message: 'The provisioning client lost its local connection to the device ({reason}).',
    remedy: 'The device may be restarting its network; the activation is tried again by itself.',
  },
  RPC_OUT_OF_TURN: {
    kind: 'protocol',
    message: 'The provisioning client sent {method} where that has no place.',
    remedy: 'Check the version of the provisioning client on the node.',
  },
  FIRMWARE_TOO_OLD: {
    kind: 'device',
    message: 'AMT version {version} build {build} cannot be configured remotely.',
    remedy: 'Ask the maker of the machine for a firmware update.',
  },
})
