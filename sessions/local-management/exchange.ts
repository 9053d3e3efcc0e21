import { type MeiConnection, type MeiPort, meiClientName } from '@outrider/protocols/mei'
import { type Bytes, Fault, type Guid, type Milliseconds, seconds } from '@outrider/protocols/values'
import { CallSignal } from '../streams/index.ts'
import { localManagementFaults } from './faults.ts'

/** Waits; throws the signal's reason when it aborts first. Handed in, so that tests need not wait. */
export type Pause = (span: Milliseconds, signal: AbortSignal) => Promise<void>

// Retry rules of the field, reference/rpc.md 16.3.
const BUSY_ATTEMPTS = 8
const BUSY_STEP: Milliseconds = 750
const WRITE_ATTEMPTS = 3
const WRITE_STEP: Milliseconds = 1500
const RESET_ATTEMPTS = 3
const AFTER_LOST_WRITE: Milliseconds = 50
const AFTER_LOST_READ: Milliseconds = 300

/** How the engine is waited for. */
export interface Patience {
  readonly pause: Pause
  /** How long the engine may think before it is taken for silent; 3 seconds unless said otherwise. */
  readonly silence?: Milliseconds
  /** How long AMT may take to open one of its local ports; 18 seconds unless said otherwise. */
  readonly opening?: Milliseconds
}

export const SILENCE: Milliseconds = seconds(3)

export const hasCode = (error: unknown, code: string): boolean => error instanceof Fault && error.code === code

/** Connects; where another program holds the client, waits for it, longer each time. Throws faults of `MeiPort`. */
export const connectPatiently = async (
  mei: MeiPort,
  client: Guid,
  pause: Pause,
  signal: AbortSignal,
): Promise<MeiConnection> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await mei.connect(client, signal)
    } catch (error) {
      if (attempt >= BUSY_ATTEMPTS || !hasCode(error, 'MEI_BUSY')) throw error
    }
    await pause(BUSY_STEP * attempt, signal)
  }
}

const writePatiently = async (connection: MeiConnection, message: Bytes, pause: Pause, signal: AbortSignal) => {
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.write(message, signal)
      return
    } catch (error) {
      if (attempt >= WRITE_ATTEMPTS || !hasCode(error, 'MEI_BUSY')) throw error
    }
    await pause(WRITE_STEP * attempt, signal)
  }
}

const readInTime = async (
  connection: MeiConnection,
  client: Guid,
  silence: Milliseconds,
  signal: AbortSignal,
): Promise<Bytes> => {
  using limit = new CallSignal(signal)
  limit.expect(silence, () =>
    localManagementFaults.MEI_NO_ANSWER({ client: meiClientName(client) ?? client, seconds: silence / 1000 }),
  )
  return await connection.read(limit.signal)
}

/**
 * Opens, connects, sends one request, reads one response, closes: the engine's request clients must not be held
 * open while others need them. A request the engine's reset has lost is sent again; one that it took before the
 * reset only where it is `repeatable`.
 *
 * Throws faults of `MeiPort` and `MEI_NO_ANSWER`.
 */
export const exchange = async (
  mei: MeiPort,
  client: Guid,
  request: Bytes,
  repeatable: boolean,
  { pause, silence = SILENCE }: Patience,
  signal: AbortSignal,
): Promise<Bytes> => {
  for (let attempt = 1; ; attempt++) {
    await using connection = await connectPatiently(mei, client, pause, signal)
    let written = false
    try {
      await writePatiently(connection, request, pause, signal)
      written = true
      return await readInTime(connection, client, silence, signal)
    } catch (error) {
      if (!hasCode(error, 'MEI_RESET') || attempt >= RESET_ATTEMPTS || (written && !repeatable)) throw error
    }
    await connection.close()
    await pause(written ? AFTER_LOST_READ : AFTER_LOST_WRITE, signal)
  }
}
