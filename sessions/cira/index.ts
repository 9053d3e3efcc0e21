export {
  acceptCira,
  type CiraAcceptOptions,
  type CiraCredentials,
  type CiraObserver,
  type CiraSession,
  type Verdict,
} from './accepting.ts'
export { ApfChannel, type Channel, type ChannelCarrier } from './channel.ts'
export type { CloseReason, CloseWhy } from './close-reason.ts'
export { type DeviceTunnel, type DialOptions, dialCira } from './device.ts'
export { ciraFaults } from './faults.ts'
export { type CiraLimits, ciraLimits } from './limits.ts'
export { Sweeper, type SweeperOptions, type Swept } from './sweeper.ts'
