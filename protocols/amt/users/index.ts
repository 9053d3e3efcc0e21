export * from './authorization-service.ts'
