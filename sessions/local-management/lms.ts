import { once } from 'node:events'
import { createConnection } from 'node:net'
import { type Milliseconds, seconds } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'
import { CallSignal, duplexStream } from '../streams/index.ts'

const DIAL_TIMEOUT: Milliseconds = seconds(5)

/**
 * Dials LMS, the service of the operating system that holds the engine's local ports: `refused` where it is not
 * there at all, `silent` where something took the connection and then was not ready.
 */
export type DialLms = (port: number, signal: AbortSignal) => Promise<ByteStream | 'refused' | 'silent'>

/**
 * LMS on `address`: literally 127.0.0.1 in the field, since `localhost` may be another place. `portOf` finds
 * the port LMS has for one of AMT's; the same number unless said otherwise.
 */
export const lmsOnTcp =
  (address = '127.0.0.1', portOf: (amtPort: number) => number = (amtPort) => amtPort): DialLms =>
  async (port, signal) => {
    signal.throwIfAborted()
    const socket = createConnection({ host: address, port: portOf(port) })
    using limit = new CallSignal(signal)
    limit.expect(DIAL_TIMEOUT)
    try {
      await once(socket, 'connect', { signal: limit.signal })
      return duplexStream(socket)
    } catch (error) {
      socket.destroy()
      signal.throwIfAborted()
      return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED' ? 'refused' : 'silent'
    }
  }
