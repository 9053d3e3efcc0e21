import type { Activated, PartOutcome } from '@outrider/domain/activation'
import type { ComponentResult, StatusReport } from '@outrider/protocols/rps'
import { completeComponents, statusTexts } from '@outrider/protocols/rps'
import type { Fault } from '@outrider/protocols/values'

/** What a client is told at the end of an activation (reference/rps.md 1.7). */
export const activatedReport = (activated: Activated, withComponents: boolean): StatusReport => {
  const Mode = activated.mode === 'admin' ? 'ACM' : 'CCM'
  const report = {
    Status: statusOf(activated),
    Network: activated.network.result === 'failed' ? activated.network.fault.message : statusTexts.wiredConfigured,
    CIRAConnection: activated.cira ? statusTexts.configured : '',
    TLSConfiguration: '',
  }
  if (!withComponents) return report
  return {
    ...report,
    Components: completeComponents({
      Activation: { Result: 'Success', Mode, Details: report.Status },
      WiredNetwork: componentOf(activated.network, statusTexts.wiredConfigured),
      ...(activated.cira ? { CIRAConnection: { Result: 'Success', Details: statusTexts.configured } as const } : {}),
    }),
  }
}

const statusOf = ({ before, mode }: Activated): string => {
  if (mode === 'client') return statusTexts.clientControlMode
  return {
    none: statusTexts.activatedToAdmin,
    client: statusTexts.upgradedToAdmin,
    admin: statusTexts.adminControlMode,
  }[before]
}

const componentOf = (part: PartOutcome, text: string): ComponentResult =>
  part.result === 'failed' ? { Result: 'Failure', Details: part.fault.message } : { Result: 'Success', Details: text }

export const deactivatedReport = (): StatusReport => ({
  Status: statusTexts.deactivated,
  Network: '',
  CIRAConnection: '',
  TLSConfiguration: '',
})

/** What a client is told of a failure: texts that existing clients look for, else the fault's own. */
export const failedReport = (fault: Fault): StatusReport => ({
  Status:
    fault.code === 'WSMAN_UNAUTHORIZED' || fault.code === 'AMT_PASSWORD_UNKNOWN'
      ? statusTexts.unauthenticated
      : `${fault.message} (${fault.code})`,
  Network: '',
  CIRAConnection: '',
  TLSConfiguration: '',
})
