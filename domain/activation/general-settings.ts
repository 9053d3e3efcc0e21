import { AMT_GeneralSettings } from '@outrider/protocols/amt'
import type { InstanceOf, Wsman } from '@outrider/protocols/wsman'

export type GeneralSettings = InstanceOf<typeof AMT_GeneralSettings>

/** Network on, one name with the operating system, answers to presence pings (reference/rps.md 2.8.2). */
export const configureGeneralSettings = async (
  wsman: Wsman,
  settings: GeneralSettings,
  signal: AbortSignal,
): Promise<'configured' | 'unchanged'> => {
  const right =
    settings.SharedFQDN !== false &&
    (settings.AMTNetworkEnabled ?? 1) === 1 &&
    settings.RmcpPingResponseEnabled !== false
  if (right) return 'unchanged'
  await wsman.put(
    AMT_GeneralSettings,
    { ...settings, SharedFQDN: true, AMTNetworkEnabled: 1, RmcpPingResponseEnabled: true },
    {},
    signal,
  )
  return 'configured'
}
