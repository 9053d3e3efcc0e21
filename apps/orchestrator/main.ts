import { setFlagsFromString } from 'node:v8'
import { Fault, faultStatus } from '@outrider/protocols/values'
import { banner } from './banner.ts'
import { fromEnvironment, type OrchestratorConfig, orchestratorConfig } from './config/index.ts'
import { causeOf, stopOnSignal } from './lifecycle/index.ts'
import { startOrchestrator, VERSION } from './orchestrator.ts'
import { createTelemetry } from './telemetry/index.ts'

const START_SECONDS = 60

// Each connection tells V8 of buffers outside its heap, and for every 32 MiB of those V8 would look through the whole
// heap again. Counted together with the heap they do not: a fifth of the CPU of a storm of connects (docs/performance.md).
setFlagsFromString('--external-memory-accounted-in-global-limit')

const main = async (): Promise<void> => {
  const config = fromEnvironment<OrchestratorConfig>(orchestratorConfig, 'OUTRIDER_', process.env)
  const telemetry = createTelemetry(config.logLevel)
  const { events } = telemetry
  const orchestrator = await startOrchestrator(config, telemetry, AbortSignal.timeout(START_SECONDS * 1000))
  const stop = stopOnSignal({
    stop: orchestrator.stop,
    grace: config.graceSeconds * 1000,
    events,
    exit: (code) => process.exit(code),
  })
  const broken = (where: string) => (error: unknown) => {
    events.emit('service.error', { where, cause: causeOf(error) })
    stop(where, 70)
  }
  process.on('uncaughtException', broken('uncaught exception'))
  process.on('unhandledRejection', broken('unhandled rejection'))
  events.emit('service.started', { roles: 'all', version: VERSION })
  process.stdout.write(banner(orchestrator, config.rpsOpen))
}

main().catch((error: unknown) => {
  const fault = Fault.from(error)
  process.stderr.write(`${fault.code}: ${fault.message}\n${fault.remedy}\n`)
  if (fault.kind === 'bug') process.stderr.write(`${causeOf(error)}\n`)
  process.exit(faultStatus[fault.kind].exit)
})
