export { type Authority, openAuthority } from './authority.ts'
export type { KeyedCertificate, LeafKey } from './keyed-certificate.ts'
