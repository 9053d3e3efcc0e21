import { faultTable } from '@outrider/protocols/values'

/** Texts that existing agents know are kept (reference/emf-code.md 1.6.2). */
export const dmManagerFaults = faultTable({
  AGENT_UNPROVED: {
    kind: 'auth',
    message: 'Nobody proved which agent is calling.',
    remedy: 'Enrol the node anew, so that its agents have tokens.',
  },
  AGENT_NOT_BOUND: {
    kind: 'denied',
    message: 'The token is not bound to a host, and an agent speaks for its own host only.',
    remedy: 'Enrol the node with an environment file made for its host.',
  },
  AGENT_OF_ANOTHER_HOST: {
    kind: 'denied',
    message: 'The token is bound to another host than the one it speaks for.',
    remedy: 'Use the environment file that was made for this host.',
  },
  HOST_ID_EMPTY: {
    kind: 'invalid',
    message: 'Host ID cannot be empty',
    remedy: 'Send the SMBIOS UUID of the machine.',
  },
  HOST_UUID_UNKNOWN: {
    kind: 'missing',
    message: 'Host with UUID {uuid} not found',
    remedy: 'Register the host with this UUID: `orch-cli create host --uuid …`.',
  },
  AMT_STATUS_UNCHANGED: {
    kind: 'conflict',
    message: 'AMT status is already {status} for host {uuid}',
    remedy: 'Nothing is to be done.',
  },
  AMT_STATUS_INVALID: {
    kind: 'invalid',
    message: 'Invalid AMT status: {status}',
    remedy: 'Report ENABLED or DISABLED.',
  },
  AMT_FEATURE_INVALID: {
    kind: 'invalid',
    message: 'Invalid AMT feature: {feature}',
    remedy: 'Report AMT or ISM.',
  },
  NO_ORDER: {
    kind: 'conflict',
    message: 'current state is {state} or activation not requested by user',
    remedy: 'Nothing is to be done; ask again later.',
  },
  ACTIVATION_RESULT_UNEXPECTED: {
    kind: 'conflict',
    message: 'No activation is under way on host {uuid}, or this was reported already',
    remedy: 'Nothing is to be done.',
  },
  ACTIVATION_RESULT_INVALID: {
    kind: 'invalid',
    message: 'Invalid activation status: {status}',
    remedy: 'Report ACTIVATING, ACTIVATED or ACTIVATION_FAILED.',
  },
  AGENT_HOST_GONE: {
    kind: 'denied',
    message: 'The host this agent speaks for was deauthorised or deleted.',
    remedy: 'Register the machine again and enrol it with a new environment file to let it back in.',
  },
  DUPLICATE_IDENTITY: {
    kind: 'conflict',
    message: 'The machine of host {host} says that its UUID is {guid}, which host {other} has.',
    remedy:
      'Give one of the two machines a UUID of its own (a tool of the maker of the board does that), or delete the host whose machine is gone. Until then nothing is set up on {host}.',
  },
  IDENTITY_CLAIMED: {
    kind: 'conflict',
    message: 'The machine of host {other} says that its UUID is {guid}, which host {host} has.',
    remedy:
      'Give one of the two machines a UUID of its own (a tool of the maker of the board does that), or delete the host whose machine is gone. Nothing of {host} was changed.',
  },
  HOST_GONE: {
    kind: 'missing',
    message: 'The host of this operation does not exist any more.',
    remedy: 'Nothing is to be done.',
  },
  LEASE_LOST: {
    kind: 'unavailable',
    message: 'Somebody else drives the operations of this host now.',
    remedy: 'Nothing is to be done; it goes on by itself.',
  },
})
