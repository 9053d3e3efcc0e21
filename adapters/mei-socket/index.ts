export * from './faults.ts'
export * from './open.ts'
export * from './serve.ts'
