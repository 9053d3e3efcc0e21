export { type Authority, openAuthority } from './authority.ts'
export type { KeyedCertificate } from './keyed-certificate.ts'
