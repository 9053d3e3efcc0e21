export { type DmManagerConfig, dmManagerConfig, dmManagerDefaults } from './config.ts'
export { createDmManager, type DmManager, type DmManagerDeps } from './dm-manager.ts'
export { dmManagerFaults } from './faults.ts'
export { requestContextKey } from './request-context-key.ts'
