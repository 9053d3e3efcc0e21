export * from './bus.ts'
export * from './fixtures.ts'
export * from './presence.ts'
