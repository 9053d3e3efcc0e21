import { type Bytes, concat, Fault, MiB } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'
import { HTTP_BOUNDS, HttpResponseReader } from '@outrider/protocols/wsman'

const BOUNDS = { ...HTTP_BOUNDS, body: MiB(4) }

/**
 * Sends one HTTP request over a connection of its own and returns the whole response byte for byte; `undefined`
 * where the peer ended the connection before it was whole. Throws `WIRE_MALFORMED` and `WIRE_TOO_LONG` for what
 * is no HTTP response, and what the stream throws. Closes the stream.
 */
export const exchangeHttp = async (
  stream: ByteStream,
  request: Bytes,
  signal: AbortSignal,
): Promise<Bytes | undefined> => {
  const reader = new HttpResponseReader(BOUNDS)
  const parts: Bytes[] = []
  try {
    // Not waited for: a device that refuses the request early answers before it has read all of it.
    stream.write(request, signal).catch(() => {})
    for (;;) {
      const chunk = await stream.read(signal)
      if (chunk === undefined) return endsHere(reader) ? concat(parts) : undefined
      parts.push(chunk)
      reader.push(chunk)
      if (reader.next() !== undefined) return concat(parts)
    }
  } finally {
    stream.close()
  }
}

/** Whether the end of the connection is what completes the response. */
const endsHere = (reader: HttpResponseReader): boolean => {
  try {
    return reader.end() !== undefined
  } catch (error) {
    if (error instanceof Fault && error.code === 'WIRE_TRUNCATED') return false
    throw error
  }
}
