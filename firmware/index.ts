export type { Dial } from './cira/tunnel-client.ts'
export type { TunnelStatus } from './cira/tunnel-status.ts'
export { type Cancel, type FirmwareClock, ManualClock, systemClock } from './clock.ts'
export { actions } from './control/actions.ts'
export { type ControlAddress, type ControlServer, serveControl } from './control/control-api.ts'
export { type KnownSecret, report, secretsOf } from './control/report.ts'
export {
  type CiraDisturbance,
  ciraTroubles,
  type Disturbance,
  type MeiDisturbance,
  meiTroubles,
  readDisturbance,
  type WsmanDisturbance,
  wsmanTroubles,
} from './disturbance/disturbance.ts'
export { Disturbances } from './disturbance/disturbances.ts'
export { type FirmwareEventMap, type FirmwareEventName, FirmwareEvents } from './events.ts'
export { firmwareFaults } from './faults.ts'
export { createFirmware, type Firmware, type FirmwareOptions } from './firmware.ts'
export { type Identity, knownRootHashes, makeIdentity, type Sku, type TrustedHash } from './identity.ts'
export { type Random, seededRandom, systemRandom } from './random.ts'
export { type Flash, fileFlash, memoryFlash } from './state/flash.ts'
export { type ActionKind, actionKinds, type Counters, type FlashState } from './state/flash-state.ts'
export { realTiming, type Timing, timingOf, zeroTiming } from './timing.ts'
export { quirksOf, simulatedVersions } from './versions/quirks.ts'
