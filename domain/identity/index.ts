export * from './caller.ts'
export * from './permission.ts'
