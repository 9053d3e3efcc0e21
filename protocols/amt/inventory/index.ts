export * from './chassis.ts'
export * from './computer-system-package.ts'
export * from './software-identity.ts'
