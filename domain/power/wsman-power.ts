import {
  CIM_PowerManagementService,
  CIM_ServiceAvailableToElement,
  MANAGED_SYSTEM,
  POWER_STATE,
} from '@outrider/protocols/amt'
import type { Wsman } from '@outrider/protocols/wsman'

export interface PowerReading {
  /** CIM power state; `POWER_STATE.other` where the device says none. */
  readonly state: number
  /** Requests it takes now; empty where it does not say. */
  readonly available: readonly number[]
}

/** State and possible requests in one call, the way the field reads them (reference/amt-firmware.md 8.5, 16.1). */
export const readPower = async (wsman: Wsman, signal: AbortSignal): Promise<PowerReading> => {
  const found = (await wsman.enumerate(CIM_ServiceAvailableToElement, signal)).find(
    ({ PowerState }) => PowerState !== undefined,
  )
  return { state: found?.PowerState ?? POWER_STATE.other, available: found?.AvailableRequestedPowerStates ?? [] }
}

export const readPowerState = async (wsman: Wsman, signal: AbortSignal): Promise<number> =>
  (await readPower(wsman, signal)).state

export const availablePowerRequests = async (wsman: Wsman, signal: AbortSignal): Promise<readonly number[]> =>
  (await readPower(wsman, signal)).available

/** Sends one request, which is never sent again by whoever carries it. Throws `AMT_REFUSED` with the device's answer. */
export const requestPowerStateChange = async (wsman: Wsman, code: number, signal: AbortSignal): Promise<void> => {
  await wsman.invoke(
    CIM_PowerManagementService,
    'RequestPowerStateChange',
    { PowerState: code, ManagedElement: MANAGED_SYSTEM },
    signal,
  )
}
