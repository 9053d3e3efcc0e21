export * from './cim.ts'
export * from './client.ts'
