import { apfMessage } from '@outrider/protocols/apf'
import { amthiCommands, decodeWatchdogRequest } from '@outrider/protocols/mei'
import type { Bytes } from '@outrider/protocols/values'
import { decode } from '@outrider/protocols/wire'

// What a disturbance names a MEI message by.

/** An AMTHI request's number, which its response has too, with one more bit. */
const AMTHI_RESPONSE = 0x00800000

/** A command of AMTHI, an APF message, a watchdog command; empty for what is none. */
export const labelOf = (client: 'amthi' | 'lme' | 'watchdog', message: Bytes): string => {
  try {
    switch (client) {
      case 'amthi':
        return amthiName(message)
      case 'lme':
        return decode(apfMessage, message, 'APF over LME').type
      case 'watchdog':
        return decodeWatchdogRequest(message).type
    }
  } catch {
    return ''
  }
}

const amthiName = (message: Bytes): string => {
  const id = new DataView(message.buffer, message.byteOffset, message.byteLength).getUint32(4, true) & ~AMTHI_RESPONSE
  return Object.entries(amthiCommands).find(([, command]) => command.id === id)?.[0] ?? ''
}
