import { parseObject, textOf } from './envelope.ts'

// The status object a session ends with (reference/rps.md 1.7).

export const statusComponents = [
  'Activation',
  'WiredNetwork',
  'WirelessNetwork',
  'TLS',
  'CIRAProxy',
  'CIRAConnection',
] as const
export type StatusComponent = (typeof statusComponents)[number]

export interface ComponentResult {
  readonly Result: 'Success' | 'Failure' | 'NotApplicable'
  readonly Mode?: 'ACM' | 'CCM' | 'LocalProfileSync'
  readonly Details?: string
}

export type ComponentResults = Readonly<Record<StatusComponent, ComponentResult>>

/** Texts by subject; `''` where the session did not touch it. */
export interface StatusReport {
  readonly Status: string
  readonly Network: string
  readonly CIRAConnection: string
  readonly TLSConfiguration: string
  readonly Components?: Partial<ComponentResults>
}

/** Texts that clients and scripts look for, letter by letter. */
export const statusTexts = {
  clientControlMode: 'Client control mode.',
  activatedToAdmin: 'Activated to admin control mode.',
  upgradedToAdmin: 'Upgraded to admin control mode.',
  adminControlMode: 'Admin control mode.',
  alreadyClient: 'already enabled in client mode.',
  alreadyAdmin: 'already enabled in admin mode.',
  deactivated: 'Deactivated',
  deactivatedWithoutMps: 'Deactivated. MPS Unavailable.',
  failed: 'Failed',
  unauthenticated: 'Unable to authenticate with AMT',
  /** Of CIRA and TLS: exactly so, capital first. */
  configured: 'Configured',
  unconfigured: 'unconfigured',
  alreadyConfigured: 'Already configured',
  wiredConfigured: 'Wired Network Configured',
  wirelessConfigured: 'Wireless Configured',
  localProfileSyncConfigured: 'Wireless Only Local Profile Sync Configured',
  proxyConfigured: 'Proxy Configured',
} as const

const labels: Readonly<Record<StatusComponent, string>> = {
  Activation: 'Activation',
  WiredNetwork: 'Wired network',
  WirelessNetwork: 'Wireless network',
  TLS: 'TLS',
  CIRAProxy: 'CIRA proxy',
  CIRAConnection: 'CIRA connection',
}

/** All six components: those not named were not part of the configuration. Details end without a dot. */
export const completeComponents = (results: Partial<ComponentResults>): ComponentResults =>
  Object.fromEntries(
    statusComponents.map((name) => {
      const result = results[name] ?? {
        Result: 'NotApplicable',
        Details: `${labels[name]} not part of this configuration`,
      }
      return [name, result.Details === undefined ? result : { ...result, Details: tidy(result.Details) }]
    }),
  ) as unknown as ComponentResults

const tidy = (details: string): string => {
  const trimmed = details.trim().replace(/\.+$/, '')
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1)
}

/** How a session ended, in the `message` of `success` and `error`: a status object, or a plain text. */
export type Outcome =
  | { readonly is: 'report'; readonly report: StatusReport }
  | { readonly is: 'text'; readonly text: string }

export const encodeOutcome = (outcome: Outcome): string =>
  outcome.is === 'text' ? outcome.text : JSON.stringify(outcome.report)

export const decodeOutcome = (message: string): Outcome => {
  const object = parseObject(message)
  if (object === undefined) return { is: 'text', text: message }
  const components = componentsOf(object.Components)
  return {
    is: 'report',
    report: {
      Status: textOf(object.Status),
      Network: textOf(object.Network),
      CIRAConnection: textOf(object.CIRAConnection),
      TLSConfiguration: textOf(object.TLSConfiguration),
      ...(components === undefined ? {} : { Components: components }),
    },
  }
}

const componentsOf = (value: unknown): Partial<ComponentResults> | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const object = value as Record<string, unknown>
  return Object.fromEntries(
    statusComponents.flatMap((name) => {
      const result = componentOf(object[name])
      return result === undefined ? [] : [[name, result]]
    }),
  )
}

const results = ['Success', 'Failure', 'NotApplicable'] as const
const modes = ['ACM', 'CCM', 'LocalProfileSync'] as const

const componentOf = (value: unknown): ComponentResult | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const { Result, Mode, Details } = value as Record<string, unknown>
  const result = results.find((each) => each === Result)
  const mode = modes.find((each) => each === Mode)
  if (result === undefined) return undefined
  return {
    Result: result,
    ...(mode === undefined ? {} : { Mode: mode }),
    ...(typeof Details === 'string' ? { Details } : {}),
  }
}
