export * from './condition.ts'
export * from './host.ts'
