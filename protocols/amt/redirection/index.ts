export * from './kvm-redirection-sap.ts'
export * from './redirection-service.ts'
