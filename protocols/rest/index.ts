export * from './invalid-request.ts'
export * from './northbound.ts'
export * from './route.ts'
