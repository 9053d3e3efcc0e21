import type { IncomingMessage } from 'node:http'
import { constants, type Http2ServerRequest } from 'node:http2'
import type { Milliseconds } from '@outrider/protocols/values'

const { NGHTTP2_CANCEL, NGHTTP2_STREAM_STATE_OPEN, NGHTTP2_STREAM_STATE_HALF_CLOSED_LOCAL } = constants
const STILL_SENDING: ReadonlySet<number | undefined> = new Set([
  NGHTTP2_STREAM_STATE_OPEN,
  NGHTTP2_STREAM_STATE_HALF_CLOSED_LOCAL,
])

/** Ends a request whose body has not all come within `patience`. HTTP/1 has `requestTimeout` for that, HTTP/2 nothing. */
export const limitBody = (request: IncomingMessage | Http2ServerRequest, patience: Milliseconds): void => {
  if (!('stream' in request) || request.stream.endAfterHeaders) return
  const { stream } = request
  const timer = setTimeout(() => {
    if (STILL_SENDING.has(stream.state.state)) stream.close(NGHTTP2_CANCEL)
  }, patience)
  stream.once('close', () => clearTimeout(timer))
}
