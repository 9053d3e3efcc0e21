import { connectOrchestrator, nodeAgentConfig, runNodeAgent } from '@outrider/node-agent'
import { configFromEnvironment } from './environment.ts'
import { logEvents } from './events.ts'
import { runUntilSignal } from './run-until-signal.ts'
import { systemClock, systemRandom } from './system.ts'

const config = configFromEnvironment('node-agent', nodeAgentConfig)
const orchestrator = connectOrchestrator(config)

await runUntilSignal('node-agent', (signal) =>
  runNodeAgent(
    { config, orchestrator, clock: systemClock, random: systemRandom, events: logEvents('node-agent', 'info') },
    signal,
  ),
)
