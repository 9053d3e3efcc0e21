export * from './opt-in-service.ts'
