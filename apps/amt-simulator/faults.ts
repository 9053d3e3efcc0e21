import { faultTable } from '@outrider/protocols/values'

export const simulatorFaults = faultTable({
  SIMULATOR_ENVIRONMENT_INCOMPLETE: {
    kind: 'invalid',
    message: 'The environment file {file} does not configure the agents: {keys} missing or wrong.',
    remedy: 'Write it with `orch-cli generate agent-env --host NAME`.',
  },
})
