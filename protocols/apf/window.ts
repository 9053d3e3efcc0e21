import { apfFaults } from './faults.ts'

// Flow control of one channel, each direction for itself (reference/mps.md 1.6). Pure: sessions do the sending.

/** The receiving half: what the peer may still send, and what has been drained and is not granted again yet. */
export interface ReceiveWindow {
  readonly size: number
  readonly left: number
  readonly owed: number
}

export const openWindow = (size: number): ReceiveWindow => ({ size, left: size, owed: 0 })

/** After `bytes` arrived. Throws `APF_WINDOW_OVERRUN` where the peer had no right to send them. */
export const received = (window: ReceiveWindow, bytes: number): ReceiveWindow => {
  if (bytes > window.left) throw apfFaults.APF_WINDOW_OVERRUN({ bytes, left: window.left })
  return { size: window.size, left: window.left - bytes, owed: window.owed }
}

/**
 * After the consumer drained `bytes`: the window, and what to grant in a CHANNEL_WINDOW_ADJUST now, or 0. Grants
 * are saved up to half a window, which keeps them rare and still never lets the peer run dry for good.
 */
export const drained = (window: ReceiveWindow, bytes: number): readonly [window: ReceiveWindow, grant: number] => {
  const owed = window.owed + bytes
  if (owed * 2 <= window.size) return [{ size: window.size, left: window.left, owed }, 0]
  return [{ size: window.size, left: window.left + owed, owed: 0 }, owed]
}

const MAX_CREDIT = 0xffffffff

/** What may be sent after the peer granted `increment` more. Throws `APF_WINDOW_OVERFLOW`. */
export const credited = (credit: number, increment: number): number => {
  const sum = credit + increment
  if (sum > MAX_CREDIT) throw apfFaults.APF_WINDOW_OVERFLOW()
  return sum
}

// Firmware mishandles a WS-MAN request whose last CHANNEL_DATA carries fewer bytes than this (reference/mps.md 1.6).
const MIN_TAIL = 5

/**
 * How many of `pending` bytes the next CHANNEL_DATA carries, given the credit and the most one message should
 * carry; 0 where it has to wait. Never leaves a tail the firmware would stumble over.
 */
export const portion = (pending: number, credit: number, most: number): number => {
  const room = Math.min(credit, most)
  if (pending <= room) return pending
  return pending - room < MIN_TAIL ? Math.max(0, pending - MIN_TAIL) : room
}
