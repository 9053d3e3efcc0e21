export { createLocalBus, type LocalBusDeps } from './bus.ts'
export { createLocalPresence } from './presence.ts'
