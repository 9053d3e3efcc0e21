export { duplexStream, plainBytes } from './duplex.ts'
export { streamFaults } from './faults.ts'
export { byteStreamPair } from './memory.ts'
export { Waiter } from './waiter.ts'
