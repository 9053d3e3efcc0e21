export * from './ethernet-port-settings.ts'
export * from './ieee8021x-settings.ts'
export * from './wifi-endpoint-settings.ts'
