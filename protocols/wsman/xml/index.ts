export { XML_NAMESPACE } from './characters.ts'
export * from './element.ts'
export * from './reader.ts'
export * from './writer.ts'
