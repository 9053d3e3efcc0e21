export * from './element.ts'
export * from './reader.ts'
export * from './writer.ts'
