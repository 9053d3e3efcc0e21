import { orderFailed } from '@outrider/domain/reconcile'
import { type FaultKind, type FaultRecord, faultStatus } from '@outrider/protocols/values'

const TEXT_LIMIT = 1000
const CODE = /^[A-Z][A-Z0-9_]{2,63}$/

/**
 * What an agent says went wrong. Where it names the fault whole (code, kind, remedy) that is the fault of the
 * operation too; otherwise it is told in an ORDER_FAILED. Texts of a node are cut, and carry no detail.
 */
export const reportedFault = (report: {
  readonly code: string
  readonly message: string
  readonly kind: string
  readonly remedy: string
}): FaultRecord => {
  const message = report.message.slice(0, TEXT_LIMIT)
  const remedy = report.remedy.slice(0, TEXT_LIMIT)
  if (!CODE.test(report.code) || !isKind(report.kind) || remedy === '')
    return orderFailed(report.code.slice(0, 64) || 'UNKNOWN', message || 'no reason was given')
  return { kind: report.kind, code: report.code, message, remedy }
}

const isKind = (text: string): text is FaultKind => Object.hasOwn(faultStatus, text)
