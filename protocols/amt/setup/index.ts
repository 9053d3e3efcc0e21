export * from './general-settings.ts'
export * from './host-based-setup-service.ts'
export * from './setup-and-configuration-service.ts'
