import { AMT_EnvironmentDetectionSettingData } from '@outrider/protocols/amt'
import { toHex } from '@outrider/protocols/values'
import type { Wsman } from '@outrider/protocols/wsman'
import type { Random } from '../ports/index.ts'

const SELECTORS = { InstanceID: 'Intel(r) AMT Environment Detection Settings' }
/** A domain nobody has, as we make them. */
const NOWHERE = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.com$/

/**
 * Makes every network count as outside, which is where the device dials from: the only domain that is inside is
 * one nobody has (reference/rps.md 2.8.7, amt-firmware.md 11.1). The device dials from this on.
 */
export const dialFromEverywhere = async (
  wsman: Wsman,
  random: Random,
  signal: AbortSignal,
): Promise<'configured' | 'unchanged'> => {
  const settings = await wsman.get(AMT_EnvironmentDetectionSettingData, {}, signal)
  const domains = settings.DetectionStrings ?? []
  if (domains.length > 0 && domains.every((domain) => NOWHERE.test(domain))) return 'unchanged'
  await wsman.put(
    AMT_EnvironmentDetectionSettingData,
    { ...settings, DetectionStrings: [nowhere(random)] },
    SELECTORS,
    signal,
  )
  return 'configured'
}

/** Switches environment detection off: the device dials nowhere. */
export const dialFromNowhere = async (wsman: Wsman, signal: AbortSignal): Promise<'configured' | 'unchanged'> => {
  const settings = await wsman.get(AMT_EnvironmentDetectionSettingData, {}, signal)
  if ((settings.DetectionStrings ?? []).length === 0) return 'unchanged'
  const { DetectionStrings: _domains, ...rest } = settings
  await wsman.put(AMT_EnvironmentDetectionSettingData, rest, SELECTORS, signal)
  return 'configured'
}

const nowhere = (random: Random): string => {
  const hex = toHex(random.bytes(16))
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}.com`
}
