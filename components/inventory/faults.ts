import { faultTable } from '@outrider/protocols/values'

/** What inventory answers with. The first group is also what an operation is refused with. */
export const faults = faultTable({
  AMT_NOT_ACTIVATED: {
    kind: 'conflict',
    message: 'Host {host} is not activated, so AMT cannot act on it.',
    remedy: 'Activate it first: orch-cli set host {host} --amt-state provisioned --wait',
  },
  AMT_ALREADY_ACTIVATED: {
    kind: 'conflict',
    message: 'Host {host} is already activated in {mode} control mode.',
    remedy: 'Nothing is to be done. To set it up again, deactivate it first: --amt-state unprovisioned --wait',
  },
  CONTROL_MODE_FIXED: {
    kind: 'conflict',
    message: 'Host {host} is activated in {mode} control mode; {wanted} control mode cannot just be written.',
    remedy: '{how}',
  },
  AMT_UNSUPPORTED: {
    kind: 'conflict',
    message: 'Host {host} cannot be managed out of band: {why}',
    remedy:
      'See the reason with: orch-cli get host {host}. When its cause is mended the agent reports again by itself.',
  },
  HOST_UNTRUSTED: {
    kind: 'conflict',
    message: 'Host {host} was deauthorised.',
    remedy: 'Delete the host and register it again to let it back in.',
  },
  OPERATION_QUEUE_FULL: {
    kind: 'conflict',
    message: 'Host {host} has {pending} operations that have not ended.',
    remedy: 'Wait for them or cancel some: orch-cli list operations --host {host}',
  },

  HOST_NOT_FOUND: {
    kind: 'missing',
    message: 'There is no host {host} in this project.',
    remedy: 'See what there is with: orch-cli list host',
  },
  OPERATION_NOT_FOUND: {
    kind: 'missing',
    message: 'There is no operation {operation} in this project.',
    remedy: 'See what there is with: orch-cli list operations',
  },
  PROJECT_NAME_TAKEN: {
    kind: 'conflict',
    message: 'There is a project {name} already.',
    remedy: 'Use that one, or choose another name.',
  },
  PROJECT_NAME_INVALID: {
    kind: 'invalid',
    message: '{name} cannot be the name of a project.',
    remedy: 'Use 1 to 63 lower-case letters, digits and dashes, a letter first.',
  },
  HOST_EXISTS: {
    kind: 'conflict',
    message: 'A host with this {field} exists already.',
    remedy: 'Find it with orch-cli list host, or check the {field} you gave.',
  },
  HOST_IDENTITY_MISSING: {
    kind: 'invalid',
    message: 'A host needs a serial number or a UUID, so that its machine can be recognised.',
    remedy: 'Give --serial, --uuid or both, as the BIOS of the machine reports them.',
  },
  HOST_FIELD_INVALID: {
    kind: 'invalid',
    message: 'The value of {field} is not acceptable: {why}.',
    remedy: 'Correct {field} and send the request again.',
  },
  HOST_FIELD_UNKNOWN: {
    kind: 'invalid',
    message: 'A host has no field {field} that can be written.',
    remedy: 'Check its spelling against the API reference.',
  },
  HOST_FIELD_FIXED: {
    kind: 'conflict',
    message: '{field} of a host cannot be changed once it is known.',
    remedy: 'Delete the host and register it again with the right {field}.',
  },
  HOST_FIELD_UNSUPPORTED: {
    kind: 'invalid',
    message: '{field} cannot be set in this deployment.',
    remedy: 'Leave {field} out of the request.',
  },
  HOST_RETIRING: {
    kind: 'conflict',
    message: 'Host {host} is being {what}: its machine is deactivated first (operation {operation}).',
    remedy: 'Follow it with: orch-cli get operation {operation} --wait',
  },
  HOST_NOT_RETIRED: {
    kind: 'conflict',
    message: 'Host {host} was not {what}, because its machine could not be deactivated ({code}: {cause})',
    remedy:
      'Start the machine with its agents and ask again. An administrator may delete it with --force; then its firmware keeps credentials nobody has, and only clearing its CMOS helps.',
  },
  HOST_IN_LIMBO: {
    kind: 'conflict',
    message: 'AMT of host {host} may be activated although it does not count as activated: {why}.',
    remedy:
      'Start the machine with its agents, which read it back, then activate or deactivate it again. Where that is refused because no stored password fits, unconfigure AMT in the BIOS setup (MEBx) or clear the CMOS.',
  },
  HOST_AT_FOREIGN_MPS: {
    kind: 'conflict',
    message: 'The device of host {host} is connected to another server: {mps}.',
    remedy: 'Deactivate it there, or unconfigure AMT in the BIOS setup (MEBx); then activate it here.',
  },
  HOST_BUSY: {
    kind: 'conflict',
    message: 'Operation {operation} is running on host {host}.',
    remedy: 'Wait until it ended: orch-cli get operation {operation}',
  },
  HOST_CONTENDED: {
    kind: 'unavailable',
    message: 'Host {host} was written by others each time this write was tried.',
    remedy: 'Send the request again.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    kind: 'conflict',
    message: 'This Idempotency-Key was used for another request (operation {operation}).',
    remedy: 'Use a new key for each new request.',
  },
  IDEMPOTENCY_KEY_INVALID: {
    kind: 'invalid',
    message: 'An Idempotency-Key has 1 to 200 printable ASCII characters.',
    remedy: 'Send a UUID, for example.',
  },
  OPERATION_NOT_CANCELLABLE: {
    kind: 'conflict',
    message: 'Operation {operation} is {life}; only a queued one can be cancelled.',
    remedy: 'See how it ends: orch-cli get operation {operation}',
  },
  FILTER_INVALID: {
    kind: 'invalid',
    message: 'The filter cannot be read at character {at}: {why}.',
    remedy: 'Write it like: name="edge-1" AND currentAmtState=AMT_STATE_PROVISIONED',
  },
  LIST_ORDER_INVALID: {
    kind: 'invalid',
    message: 'Hosts cannot be ordered by {field}.',
    remedy: 'Order by name, serialNumber or createdAt, with desc behind it for the reverse.',
  },
  PAGE_INVALID: {
    kind: 'invalid',
    message: 'The page cannot be read: {field} is out of its range.',
    remedy: 'Use pageSize 1 to 100, offset 0 to 10000, and after exactly as an answer gave it.',
  },
  PERMISSION_MISSING: {
    kind: 'denied',
    message: 'Your role in this project may not do this: it needs {permission}.',
    remedy: 'Ask an administrator of the project for a role that may.',
  },
  ENROLMENT_REFUSED: {
    kind: 'auth',
    message: 'This enrolment token does not admit this machine.',
    remedy: 'Make a new environment file for this host: orch-cli generate agent-env --host NAME',
  },
  ENROLMENT_IDENTITY_TAKEN: {
    kind: 'conflict',
    message: 'The {field} of this machine belongs to another host.',
    remedy: 'Delete the host that has it, or check which machine the environment file was made for.',
  },
})
