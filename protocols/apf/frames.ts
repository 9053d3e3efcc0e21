import type { Bytes } from '../values/index.ts'

// The two messages a busy tunnel is made of, written without the detour over a message value. Their bytes are
// those of the table; a test compares them.

/** CHANNEL_DATA with `data`, which is copied. */
export const channelDataFrame = (recipient: number, data: Bytes): Bytes => {
  const frame = new Uint8Array(9 + data.length)
  frame[0] = 94
  put32(frame, 1, recipient)
  put32(frame, 5, data.length)
  frame.set(data, 9)
  return frame
}

/** CHANNEL_WINDOW_ADJUST by `increment` bytes. */
export const channelWindowAdjustFrame = (recipient: number, increment: number): Bytes => {
  const frame = new Uint8Array(9)
  frame[0] = 93
  put32(frame, 1, recipient)
  put32(frame, 5, increment)
  return frame
}

const put32 = (frame: Uint8Array, at: number, value: number): void => {
  frame[at] = value >>> 24
  frame[at + 1] = value >>> 16
  frame[at + 2] = value >>> 8
  frame[at + 3] = value
}
