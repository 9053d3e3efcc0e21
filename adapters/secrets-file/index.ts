export { secretsFileFaults } from './faults.ts'
export { openSecretsFile, type SecretsFileConfig } from './open.ts'
export type { SecretsFile } from './store.ts'
