export * from './bus.ts'
export * from './fixtures.ts'
export * from './presence.ts'
export * from './secret-store.ts'
