import { requestPowerStateChange } from '@outrider/domain/power'
import { AMT_BootSettingData } from '@outrider/protocols/amt'
import type { InstanceOf, Wsman } from '@outrider/protocols/wsman'

type BootSettings = InstanceOf<typeof AMT_BootSettingData>

/** Settings that would make the next boot another one than a plain one, and what they are in a plain one. */
const PLAIN = {
  BIOSPause: false,
  BIOSSetup: false,
  BootMediaIndex: 0,
  ConfigurationDataReset: false,
  FirmwareVerbosity: 0,
  ForcedProgressEvents: false,
  IDERBootDevice: 0,
  LockKeyboard: false,
  LockPowerButton: false,
  LockResetButton: false,
  LockSleepButton: false,
  ReflashBIOS: false,
  SecureErase: false,
  UseIDER: false,
  UseSOL: false,
  UseSafeMode: false,
  UserPasswordBypass: false,
} as const satisfies BootSettings

/**
 * One power request, as existing MPS sends it (reference/mps.md 4.2): what an earlier session left of boot
 * settings is cleared first, where anything is left.
 */
export const requestPlainPower = async (wsman: Wsman, code: number, signal: AbortSignal): Promise<void> => {
  const settings = await wsman.get(AMT_BootSettingData, {}, signal)
  const left = Object.entries(PLAIN).some(([name, plain]) => {
    const present = (settings as Readonly<Record<string, unknown>>)[name]
    return present !== undefined && present !== plain
  })
  if (left) await wsman.put(AMT_BootSettingData, { ...settings, ...PLAIN }, {}, signal)
  await requestPowerStateChange(wsman, code, signal)
}
