export { listenAddresses } from './addresses.ts'
export { faults } from './faults.ts'
export { environmentKey, fromEnvironment } from './from-environment.ts'
export { type OrchestratorConfig, orchestratorConfig } from './schema.ts'
