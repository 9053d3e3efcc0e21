export { createTelemetry, type LogTarget, type Telemetry } from './event-sink.ts'
