export { faults } from './faults.ts'
export { createOidcIdentity, type OidcIdentityOptions } from './identity.ts'
export { type KeySource, keysAt } from './key-source.ts'
