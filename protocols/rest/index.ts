export * from './invalid-request.ts'
export * from './route.ts'
