/**
 * Status codes an AMTHI response carries, by number (reference/rpc.md 17, amt-firmware.md 7.1). The names are
 * those the field's tools print.
 */
export const amthiStatusNames: Readonly<Record<number, string>> = {
  0: 'AMT_STATUS_SUCCESS',
  1: 'AMT_STATUS_INTERNAL_ERROR',
  2: 'AMT_STATUS_NOT_READY',
  3: 'AMT_STATUS_INVALID_AMT_MODE',
  4: 'AMT_STATUS_INVALID_MESSAGE_LENGTH',
  16: 'AMT_STATUS_NOT_PERMITTED',
  23: 'AMT_STATUS_MAX_LIMIT_REACHED',
  30: 'AMT_STATUS_REQUEST_UNEXPECTED',
  32: 'AMT_STATUS_INVALID_PROVISIONING_STATE',
  36: 'AMT_STATUS_INVALID_PARAMETER',
  47: 'AMT_STATUS_RNG_GENERATION_IN_PROGRESS',
  48: 'AMT_STATUS_RNG_NOT_READY',
  49: 'AMT_STATUS_CERTIFICATE_NOT_READY',
  2053: 'AMT_STATUS_INVALID_HANDLE',
  2068: 'AMT_STATUS_NOT_FOUND',
}

/** The same by name, for whoever answers. */
export const amthiStatus = {
  success: 0,
  internalError: 1,
  notReady: 2,
  invalidAmtMode: 3,
  invalidMessageLength: 4,
  notPermitted: 16,
  maxLimitReached: 23,
  requestUnexpected: 30,
  invalidProvisioningState: 32,
  invalidParameter: 36,
  certificateNotReady: 49,
  invalidHandle: 2053,
  notFound: 2068,
} as const

/** e.g. `AMT_STATUS_NOT_READY`; `AMT_STATUS_77` for a number without a name. */
export const amthiStatusName = (status: number): string => amthiStatusNames[status] ?? `AMT_STATUS_${status}`
