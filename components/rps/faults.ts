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
    message: 'AMT profile {name} Not Found',
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
  PROFILE_REFERENCE_MISSING: {
    kind: 'invalid',
    message: "Referenced {word} {name} doesn't exist",
    remedy: 'Create the CIRA config {name} first, or leave it out.',
  },
  LIST_QUERY_INVALID: {
    kind: 'invalid',
    message: 'The list cannot be asked for like this: {reason}',
    remedy: 'Correct $top, $skip or $count.',
  },
  VERSION_OUTDATED: {
    kind: 'conflict',
    message: 'The entry has another version by now than the one the change was meant for.',
    remedy: 'Look at the entry as it is now, which is the answer, and repeat the change with its version.',
  },
  PROFILE_SECRET_MISSING: {
    kind: 'unavailable',
    message: 'The stored password of profile {name} is missing.',
    remedy: 'Write the profile again with its password, or let passwords be random.',
  },
  PROFILE_TLS_UNSUPPORTED: {
    kind: 'invalid',
    message: 'Profile {name} asks for TLS on the device (tlsMode), which cannot be configured yet.',
    remedy: 'Take tlsMode out of the profile and use CIRA, whose tunnel is TLS already.',
  },
  DOMAIN_NOT_FOUND: {
    kind: 'missing',
    message: 'Domain profile {name} Not Found',
    remedy: 'Look at the domain profiles of the project with `orch-cli list amtprofile`.',
  },
  DOMAIN_EXISTS: {
    kind: 'conflict',
    message: 'Domain {name} ID or Suffix already exists',
    remedy: 'Choose another name, or change the present profile: a suffix has one certificate of each root.',
  },
  DOMAIN_INVALID: {
    kind: 'invalid',
    message: 'The domain profile is not complete: {reason}',
    remedy: 'Correct the field that is named.',
  },
  DOMAIN_SECRET_MISSING: {
    kind: 'unavailable',
    message: 'The stored certificate of domain profile {name} is missing.',
    remedy: 'Upload the certificate again under the same name.',
  },
  SECRET_SUPERSEDED: {
    kind: 'conflict',
    message: 'Somebody else changed the secret of this entry at the same moment.',
    remedy: 'Look at the entry and write it again with its secret.',
  },
  SIGNED_ALREADY: {
    kind: 'bug',
    message: 'The provisioning key was asked for a second signature in one activation.',
    remedy: 'Report what the service log says of this time.',
  },
  AMT19_TLS_REQUIRED: {
    kind: 'device',
    message: 'AMT {version} of this machine demands TLS on its local port, which is not supported yet.',
    remedy: 'Allow local connections without TLS in the BIOS setup, or use a machine with AMT 18 or older.',
  },
  CIRA_CONFIG_NOT_FOUND: {
    kind: 'missing',
    message: 'CIRA profile {name} Not Found',
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
