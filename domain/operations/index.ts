export * from './operation.ts'
export * from './policy-requester.ts'
