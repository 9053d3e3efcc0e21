export * from './caller.ts'
export * from './permission.ts'
export * from './request-context.ts'
export * from './token-roles.ts'
