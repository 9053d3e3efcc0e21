import { faultTable } from '@outrider/protocols/values'

export const nodeAgentFaults = faultTable({
  NODE_NOT_ENROLLED: {
    kind: 'invalid',
    message: 'This node has no credentials and no enrolment token to get them with.',
    remedy: 'Write an environment file with `orch-cli generate agent-env --host NAME` and start the agent with it.',
  },
  NODE_ENROLMENT_REFUSED: {
    kind: 'denied',
    message: 'The orchestrator refused the enrolment of this node: {code}.',
    remedy:
      'Check that serial number and UUID are those of the registered host, then write a new environment file; an enrolment token works once.',
  },
  NODE_ORCHESTRATOR_UNREACHABLE: {
    kind: 'unavailable',
    message: 'The orchestrator at {url} cannot be reached: {reason}.',
    remedy: 'Check name, port, CA and network between this node and the orchestrator; the agent keeps trying.',
  },
  NODE_TOKEN_REFUSED: {
    kind: 'auth',
    message: 'The issuer refused the credentials of this node: {reason}.',
    remedy: 'The host may have been deleted or enrolled anew; write a new environment file for it.',
  },
  NODE_IDENTITY_UNREADABLE: {
    kind: 'unavailable',
    message: 'Serial number and UUID of this machine cannot be read from {path}.',
    remedy: 'Start the agent with the right to read them.',
  },
})
