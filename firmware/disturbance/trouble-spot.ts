import { type ApfMessageType, apfMessage, MAX_MESSAGE } from '@outrider/protocols/apf'
import type { Bytes } from '@outrider/protocols/values'
import { Framer } from '@outrider/protocols/wire'
import type { CiraDisturbance } from './disturbance.ts'

/** How many bytes of a chunk still go through: all of them, or those before the spot where it goes wrong. */
export type TroubleSpot = (chunk: Bytes) => number

/** So many bytes from the beginning. */
const afterBytes = (bytes: number): TroubleSpot => {
  let left = bytes
  return (chunk) => {
    const passes = Math.min(left, chunk.length)
    left -= passes
    return passes
  }
}

/** At the nth message of a type, so many bytes into it; half of it where nothing is said and it is to be cut. */
const atMessage = (type: ApfMessageType, nth: number, into: number | 'half'): TroubleSpot => {
  const framer = new Framer(apfMessage, 'disturbed APF', MAX_MESSAGE)
  let seen = 0
  let passed = 0
  return (chunk) => {
    framer.push(chunk)
    const end = passed + chunk.length
    let start = end - framer.pending
    for (let message = framer.next(); message !== undefined; message = framer.next()) {
      const next = end - framer.pending
      if (message.type === type && ++seen === nth) {
        const spot = start + (into === 'half' ? Math.floor((next - start) / 2) : into)
        // What has gone already is gone.
        const passes = Math.min(Math.max(0, spot - passed), chunk.length)
        passed = end
        return passes
      }
      start = next
    }
    passed = end
    return chunk.length
  }
}

/** Where on the device's side of a connection a disturbance sets in. */
export const troubleSpot = ({ what, step, nth, afterBytes: into }: CiraDisturbance): TroubleSpot =>
  step === undefined || step === 'tls'
    ? afterBytes(into ?? 0)
    : atMessage(step, nth ?? 1, into ?? (what === 'half-frame' ? 'half' : 0))
