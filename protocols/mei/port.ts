import type { Bytes, Guid } from '../values/index.ts'

/**
 * The way to the management engine: the kernel's `/dev/mei0`, or the simulator's socket. One connection speaks
 * to one client of the engine, in whole messages (reference/rpc.md 16).
 */
export interface MeiPort {
  /**
   * Connects to the engine's client with this GUID.
   *
   * Throws `MEI_NO_DRIVER` (no device node), `MEI_NO_PERMISSION`, `MEI_NO_CLIENT` (this engine has no such
   * client: no AMT), `MEI_BUSY` (somebody else holds a single-connection client), `MEI_RESET` (the engine
   * restarts or is disabled).
   */
  connect(client: Guid, signal: AbortSignal): Promise<MeiConnection>
}

export interface MeiConnection extends AsyncDisposable {
  /** Longest message in bytes, as the engine answered the connect. */
  readonly maxMessageBytes: number
  readonly protocolVersion: number
  /** Sends one message. Throws `MEI_RESET` where the engine restarted; `RangeError` over `maxMessageBytes`. */
  write(message: Bytes, signal: AbortSignal): Promise<void>
  /** The next message. Throws the signal's reason on abort and `MEI_RESET` where the engine went away. */
  read(signal: AbortSignal): Promise<Bytes>
  close(): Promise<void>
}
