import { MPS_TYPE } from '@outrider/protocols/amt'
import { fromBase64, type Milliseconds, seconds } from '@outrider/protocols/values'
import type { FlashState, ManagementServer } from '../state/flash-state.ts'
import { environment } from './environment.ts'
import { type TriggerName, triggerNames, triggers } from './triggers.ts'

// Whether the device dials home now, and whom (amt-firmware.md 11.1, 11.2). Pure.

/** Everything that decides, besides what is in flash. */
export interface Circumstances {
  /** AMT exists on this machine and the BIOS has it on. */
  readonly amtEnabled: boolean
  /** Somebody at the machine asked for a tunnel and has not closed it. */
  readonly userWantsTunnel: boolean
  /** An event happened that the alert policy dials for. */
  readonly alertRaised: boolean
}

export type Decision =
  | {
      readonly dial: true
      readonly trigger: TriggerName
      /** In order of access. */
      readonly servers: readonly ManagementServer[]
      /** How long the tunnel may stand; 0 is for ever. */
      readonly lifetime: Milliseconds
    }
  | { readonly dial: false; readonly reason: Reason }

/** Why there is no reason to dial, from the first condition that fails. */
export type Reason =
  | 'AMT is disabled'
  | 'not provisioned'
  | 'AMT networking is off'
  | 'no network link'
  | 'no policy'
  | 'environment detection is not configured'
  | 'inside the enterprise network'
  | 'no trigger'

export const decide = (state: Readonly<FlashState>, circumstances: Circumstances): Decision => {
  const { settings, host } = state
  if (!circumstances.amtEnabled) return no('AMT is disabled')
  if (settings.provisioningState !== 2 || settings.controlMode === 0) return no('not provisioned')
  if (settings.general.AMTNetworkEnabled !== 1) return no('AMT networking is off')
  if (!host.linkUp) return no('no network link')
  if (settings.policyServers.length === 0) return no('no policy')
  const where = environment(settings.detectionStrings, host.dnsSuffix)
  if (where === 'unset') return no('environment detection is not configured')

  const serves = (mpsType: number): boolean =>
    mpsType === MPS_TYPE.both || mpsType === (where === 'outside' ? MPS_TYPE.external : MPS_TYPE.internal)
  const links = settings.policyServers.filter(({ mpsType }) => serves(mpsType))
  if (links.length === 0) return no(where === 'inside' ? 'inside the enterprise network' : 'no policy')

  const fires: Readonly<Record<TriggerName, boolean>> = {
    user: circumstances.userWantsTunnel,
    alert: circumstances.alertRaised,
    periodic: true,
  }
  const byPriority = triggerNames.toSorted((a, b) => triggers[b].priority - triggers[a].priority)
  for (const trigger of byPriority) {
    const policy = settings.policies.find((each) => each.trigger === trigger)
    if (policy === undefined || !fires[trigger]) continue
    const servers = links
      .filter((link) => link.trigger === trigger)
      .toSorted((a, b) => a.order - b.order)
      .flatMap(({ server }) => settings.servers.filter(({ index }) => index === server))
    if (servers.length > 0) return { dial: true, trigger, servers, lifetime: seconds(policy.tunnelLifeTime) }
  }
  return no('no trigger')
}

const no = (reason: Reason): Decision => ({ dial: false, reason })

/** Whether a user of the operating system may ask for a tunnel: the policy is there and that interface is on. */
export const userMayAsk = ({ settings }: Readonly<FlashState>): boolean => {
  const osInterface = settings.userInitiated.enabledState === 32770 || settings.userInitiated.enabledState === 32771
  return osInterface && settings.policies.some(({ trigger }) => trigger === 'user')
}

/**
 * When a periodic policy comes round: every so long (type 0), or daily at a time of day in UTC (type 1).
 * `undefined` where its data are neither.
 */
export type Period = { readonly every: Milliseconds } | { readonly dailyAtMinute: number }

export const periodOf = (extendedData: string): Period | undefined => {
  const bytes = fromBase64(extendedData)
  if (bytes === undefined || bytes.length < 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0) === 0) return { every: seconds(view.getUint32(4)) }
  if (view.getUint32(0) !== 1 || bytes.length < 12) return undefined
  return { dailyAtMinute: (view.getUint32(4) % 24) * 60 + (view.getUint32(8) % 60) }
}
