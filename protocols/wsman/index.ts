export * from './cim.ts'
export * from './client.ts'
export * from './pt-status.ts'
