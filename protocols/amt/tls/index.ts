export * from './tls-credential-context.ts'
export * from './tls-setting-data.ts'
