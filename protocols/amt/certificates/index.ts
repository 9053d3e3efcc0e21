export * from './public-key-certificate.ts'
export * from './public-key-management-service.ts'
export * from './public-private-key-pair.ts'
