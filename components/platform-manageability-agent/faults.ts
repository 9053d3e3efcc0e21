import { faultTable } from '@outrider/protocols/values'

export const manageabilityFaults = faultTable({
  AGENT_NO_TOKEN: {
    kind: 'unavailable',
    message: 'There is no access token at {path} yet.',
    remedy: 'The node agent writes it once this node is enrolled; look at its log.',
  },
  AGENT_RESTARTED: {
    kind: 'unavailable',
    message: 'The agent was restarted while it carried out this order.',
    remedy: 'Nothing is to be done: the orchestrator looks at the device and tries again.',
  },
  RPC_FAILED: {
    kind: 'device',
    message: 'The provisioning client on the node ended with exit code {exitCode}: {message}.',
    remedy: 'Look at the agent log of the node for what it printed; the exit codes are in docs/exit-codes.md.',
  },
  ORDER_OVERDUE: {
    kind: 'timeout',
    message: 'The order was not carried out in the time it had.',
    remedy: 'Nothing is to be done: the orchestrator looks at the device and tries again.',
  },
  RPC_NOT_STARTED: {
    kind: 'unavailable',
    message: 'The provisioning client could not be started on the node: {reason}.',
    remedy: 'Check that the edge-node package is installed whole on the node.',
  },
  RPC_UNREADABLE: {
    kind: 'protocol',
    message: 'The provisioning client printed device information that cannot be read.',
    remedy: 'Check that the `rpc` program on the node is the one of this package.',
  },
  DETECTION_FAILED: {
    kind: 'unavailable',
    message: 'The device information of this machine could not be read: {reason}.',
    remedy: 'It is tried again by itself; look at the agent log of the node where it stays.',
  },
})
