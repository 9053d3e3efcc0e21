import { InvalidRequest, northboundError, type Route } from '@outrider/protocols/rest'
import { type Fault, faultStatus } from '@outrider/protocols/values'
import type { Violation } from './violations.ts'

export interface FaultReply {
  readonly status: number
  readonly contentType: string
  readonly body: unknown
}

/** Faults whose status every HTTP library knows by another number than that of their kind. */
const STATUS: Readonly<Record<string, number>> = { BODY_TOO_LARGE: 413, CONTENT_TYPE_UNSUPPORTED: 415 }

const JSON_TYPE = 'application/json; charset=utf-8'

/** A fault as the clients of this kind of route know it. */
export const faultReply = (
  fault: Fault,
  origin: Route['origin'],
  about: { readonly method: string; readonly path: string; readonly violations?: readonly Violation[] },
): FaultReply => {
  const status = STATUS[fault.code] ?? faultStatus[fault.kind].http
  const violations = fault instanceof InvalidRequest ? fault.problems : (about.violations ?? [])
  switch (origin) {
    case 'ours':
      return { status, contentType: 'application/problem+json', body: problemDetails(fault, status, violations) }
    case 'legacy-northbound':
      return { status, contentType: JSON_TYPE, body: northboundError(fault.record()) }
    case 'legacy-mps':
      return { ...mps(fault, status, violations), contentType: JSON_TYPE }
    case 'legacy-rps':
      return { ...rps(fault, status, violations, about), contentType: JSON_TYPE }
  }
}

/** RFC 9457; `code`, `kind`, `remedy` and `facts` are the fault's own. */
const problemDetails = (fault: Fault, status: number, violations: readonly Violation[]) => ({
  type: `urn:outrider:fault:${fault.code}`,
  title: fault.code.charAt(0) + fault.code.slice(1).toLowerCase().replaceAll('_', ' '),
  status,
  detail: fault.message,
  code: fault.code,
  kind: fault.kind,
  remedy: fault.remedy,
  facts: fault.detail,
  ...(violations.length > 0 && { violations }),
})

/** Field errors as clients of MPS and RPS read them (reference/mps.md 4.1, rps.md 3.1). */
const fieldErrors = (violations: readonly Violation[]) => ({
  errors: violations.map(({ where, field, why, value }) => ({
    type: 'field',
    ...(value !== undefined && { value }),
    msg: why,
    path: field,
    location: where === 'path' ? 'params' : where,
  })),
})

// Texts clients compare with (reference/mps.md 4.1).
const MPS_TEXTS: Readonly<Record<number, string>> = {
  400: 'Incorrect URI or Bad Request',
  401: 'Unauthorized',
  500: 'Internal Server Error',
}
const MPS_NOT_CONNECTED = 'Device not found/connected. Please connect again using CIRA.'

const mps = (fault: Fault, status: number, violations: readonly Violation[]) => {
  if (violations.length > 0) return { status, body: fieldErrors(violations) }
  // A device without a tunnel is "not found" to these clients, and they look for this very text.
  if (fault.code === 'DEVICE_NOT_CONNECTED') {
    const errorDescription = `guid : ${String(fault.detail.guid ?? '')}`
    return { status: 404, body: { error: MPS_NOT_CONNECTED, errorDescription } }
  }
  return { status, body: { error: MPS_TEXTS[status] ?? fault.message, errorDescription: fault.message } }
}

/** What the existing service calls the rule that was broken: a fault may say it as `constraint`. */
const constraintOf = (fault: Fault, otherwise = 'Unique key violation'): string =>
  typeof fault.detail.constraint === 'string' ? fault.detail.constraint : otherwise

const rps = (
  fault: Fault,
  status: number,
  violations: readonly Violation[],
  { method, path }: { readonly method: string; readonly path: string },
) => {
  // Beside what existing clients read, ours is the one detail, as northbound.
  const details = [{ '@type': 'outrider.dev/Fault', ...fault.record() }]
  if (violations.length > 0) return { status, body: { ...fieldErrors(violations), details } }
  switch (fault.kind) {
    case 'missing':
      return { status, body: { error: 'Not Found', message: fault.message, details } }
    case 'conflict':
      // Reported as a bad request by the existing service: names taken, rows in use (reference/rps.md 3.1).
      return { status: 400, body: { error: constraintOf(fault), message: fault.message, details } }
    case 'bug':
      return { status, body: { message: `Operation failed: ${method} ${path}`, details } }
    default:
      return { status, body: { error: constraintOf(fault, 'Error'), message: fault.message, details } }
  }
}
