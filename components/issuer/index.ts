export { Accounts, type Grants } from './accounts.ts'
export { type IssuerConfig, issuerConfig } from './config.ts'
export { faults } from './faults.ts'
export { ADMIN, createIssuer, type Issuer, type IssuerOptions } from './issuer.ts'
