import {
  type ChangeToAmtEnabled,
  decodeChangeToAmtEnabled,
  decodeOperationalStateReply,
  decodeUpid,
  decodeUpidStatus,
  encodeUpidRequest,
  encodeWatchdogRequest,
  type MeiPort,
  meiClients,
  type Upid,
} from '@outrider/protocols/mei'
import { exchange, type Patience } from './exchange.ts'

/** Whether AMT is on in BIOS, and switching it. Both throw faults of `MeiPort`, `MEI_NO_ANSWER`, `WIRE_MALFORMED`. */
export interface Watchdog {
  isChangeToAmtEnabled(signal: AbortSignal): Promise<ChangeToAmtEnabled>
  /** The status the engine answers; 0 is success. */
  setAmtOperationalState(enabled: boolean, signal: AbortSignal): Promise<number>
}

export const watchdog = (mei: MeiPort, patience: Patience): Watchdog => ({
  isChangeToAmtEnabled: async (signal) =>
    decodeChangeToAmtEnabled(
      await exchange(
        mei,
        meiClients.watchdog,
        encodeWatchdogRequest({ type: 'isChangeToAmtEnabled' }),
        true,
        patience,
        signal,
      ),
    ),
  setAmtOperationalState: async (enabled, signal) =>
    decodeOperationalStateReply(
      await exchange(
        mei,
        meiClients.watchdog,
        encodeWatchdogRequest({ type: 'setAmtOperationalState', enabled }),
        false,
        patience,
        signal,
      ),
    ),
})

/** The platform's identifiers, where it has any: switches the client on, reads, and switches it off again. */
export const readUpid = async (mei: MeiPort, patience: Patience, signal: AbortSignal): Promise<Upid | undefined> => {
  const ask = (request: Parameters<typeof encodeUpidRequest>[0]) =>
    exchange(mei, meiClients.upid, encodeUpidRequest(request), request.type === 'get', patience, signal)
  if (decodeUpidStatus(await ask({ type: 'setState', enabled: true })) !== 0) return undefined
  try {
    return decodeUpid(await ask({ type: 'get' })).upid
  } finally {
    await ask({ type: 'setState', enabled: false })
  }
}
