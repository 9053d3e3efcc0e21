export { listenAddresses } from './addresses.ts'
export { faults } from './faults.ts'
export { fromEnvironment } from './from-environment.ts'
export { type OrchestratorConfig, orchestratorConfig } from './schema.ts'
