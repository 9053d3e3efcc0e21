export * from './time-synchronization-service.ts'
