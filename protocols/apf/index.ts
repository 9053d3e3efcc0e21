export * from './enumerations.ts'
export * from './messages.ts'
