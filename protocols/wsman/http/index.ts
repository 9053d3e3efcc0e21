export * from './firmware-response.ts'
export * from './message.ts'
export * from './reader.ts'
export * from './writer.ts'
