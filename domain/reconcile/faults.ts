import { faultTable } from '@outrider/protocols/values'

/** Why an operation ends otherwise than it was meant to, as far as no device or agent has said it. */
export const reconcileFaults = faultTable({
  MACHINE_UNSUPPORTED: {
    kind: 'conflict',
    message: 'The machine cannot be managed out of band: {why} ({reason}).',
    remedy: 'Enable AMT in the BIOS setup where the machine has it; the agent reports the change by itself.',
  },
  AMT_NOT_PROVISIONED: {
    kind: 'conflict',
    message: 'AMT of the machine is not activated, so that its power cannot be controlled.',
    remedy: 'Activate it first: `orch-cli set host NAME --amt-state provisioned --wait`.',
  },
  AGENT_AWAY: {
    kind: 'unavailable',
    message: 'The agent of the machine did not ask for orders until the deadline.',
    remedy: 'Start the machine and check that its agents run and reach the orchestrator; then ask again.',
  },
  ORDER_FAILED: {
    kind: 'device',
    message: 'The agent could not carry out the order ({agentCode}): {agentMessage}',
    remedy: 'Look at the agent log of the machine; then ask again.',
  },
  ORDER_TIMED_OUT: {
    kind: 'timeout',
    message: 'The agent took the order and did not report its end in time.',
    remedy: 'Look at the agent log of the machine; then ask again.',
  },
  TUNNEL_NOT_OPENED: {
    kind: 'timeout',
    message: 'The device is activated, but its tunnel never reached this server ({recoveries} recoveries tried).',
    remedy:
      'Check that the machine reaches this server on its CIRA port from its wired network, and its clock; then ask again.',
  },
  CONNECTED_TO_FOREIGN_MPS: {
    kind: 'conflict',
    message: 'The device is connected to another server: {mps}.',
    remedy: 'Deactivate it there, or unconfigure AMT in the BIOS setup (MEBx); then ask again.',
  },
  ACTIVATED_OTHERWISE: {
    kind: 'conflict',
    message: 'The device is activated in {mode} control mode, and {wanted} control mode was asked for.',
    remedy: 'Deactivate it (--amt-state unprovisioned --wait), then activate it with --control-mode {wanted}.',
  },
  POLICY_GAVE_UP: {
    kind: 'conflict',
    message: 'The policy {policy} of host {host} has tried {tries} times in a row, and has given up.',
    remedy:
      'See why with `orch-cli list operations --host {host}`; write the policy again to let it go on: `orch-cli set host {host} --policy {policy}`.',
  },
  DEACTIVATION_UNVERIFIED: {
    kind: 'timeout',
    message: 'The device was told to deactivate itself, and nobody could read back that it did.',
    remedy:
      'Its credentials are kept. Start the machine with its agents and ask again; only if that fails, clear AMT in the BIOS setup.',
  },
  OPERATION_EXPIRED: {
    kind: 'timeout',
    message: 'The deadline of the operation passed before anything was sent.',
    remedy: 'Ask again.',
  },
})
